// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <boost/program_options.hpp>
#include <optional>
#include <sstream>

#include "flow_table.h"
#include "frame.h"

namespace lbd::loadgen {
namespace {

namespace po = boost::program_options;

po::options_description description() {
  po::options_description out("lbd-loadgen [EAL options] --");
  auto add = out.add_options();
  add("help", "this text");
  add("mode", po::value<std::string>()->default_value("established"),
      "established | new (every frame a new flow) | server-answers | both-ways");
  add("method", po::value<std::string>()->default_value("dr"),
      "dr | nat | fullnat | ipip | gre | gue: how the device under test forwards");
  add("proto", po::value<std::string>()->default_value("udp"), "udp | tcp");
  add("family", po::value<int>()->default_value(4), "4 | 6");
  add("flows", po::value<uint32_t>()->default_value(65536), "256..10000000 distinct 5-tuples");
  add("clients", po::value<uint32_t>()->default_value(65536),
      "1..1000000 addresses that the flows are spread over");
  add("order", po::value<std::string>()->default_value("sequential"), "sequential | random");
  add("client", po::value<std::string>(), "first client address (d) 10.0.0.0 or 2001:db8:c::");
  add("vip", po::value<std::string>()->required(), "address of the service");
  add("vip-port", po::value<uint16_t>()->default_value(80), "port of the service");
  add("dst-mac", po::value<std::string>()->required(), "MAC of the device under test");
  add("src-mac", po::value<std::string>()->default_value("02:00:00:00:00:01"), "own MAC");
  add("expect-mac", po::value<std::vector<std::string>>()->multitoken(),
      "destination MACs that frames may come back with (d) any");
  add("client-mac", po::value<std::vector<std::string>>()->multitoken(),
      "those of frames on their way to clients (d) any");
  add("frame-size", po::value<uint32_t>()->default_value(64),
      "64..1518 bytes, frame check sequence included");
  add("rate", po::value<double>()->default_value(0), "frames a second; 0: no limit");
  add("prime-rate", po::value<double>()->default_value(1'000'000),
      "frames a second while the flows are opened");
  add("seconds", po::value<double>()->default_value(5), "measured time");
  add("warmup", po::value<double>()->default_value(1), "traffic before it, in seconds");
  add("interval", po::value<double>()->default_value(0.5), "seconds a sample");
  add("burst", po::value<uint32_t>()->default_value(64), "1..256 frames");
  add("link-timeout", po::value<double>()->default_value(30), "seconds to wait for the link");
  add("latency", "put time stamps into the payload and report percentiles");
  add("wait-for-line", "begin when a line arrives on standard input");
  add("json", po::value<std::string>(), "write the result to this file");
  return out;
}

template <class T>
std::optional<T> one_of(const std::string& word,
                        std::initializer_list<std::pair<const char*, T>> words) {
  for (const auto& [name, value] : words) {
    if (word == name) return value;
  }
  return std::nullopt;
}

/// Collects the first thing that is wrong, so that reading stays a list of lines.
class Reader {
 public:
  explicit Reader(const po::variables_map& map) : map_(map) {}

  template <class T>
  T number(const char* name, T low, T high) {
    const T value = map_[name].as<T>();
    if (value < low || value > high) {
      std::ostringstream text;
      text << "--" << name << ": " << value << " is not within " << low << " and " << high;
      fail(text.str());
    }
    return value;
  }
  template <class T>
  T word(const char* name, std::initializer_list<std::pair<const char*, T>> words) {
    const auto value = one_of<T>(map_[name].as<std::string>(), words);
    if (!value) fail(std::string("--") + name + ": unknown word, see --help");
    return value.value_or(words.begin()->second);
  }
  IpAddress address(const char* name, const std::string& text) {
    const auto value = IpAddress::parse(text);
    if (!value) fail(std::string("--") + name + ": " + text + " is no address");
    return value.value_or(IpAddress());
  }
  MacAddress mac(const char* name, const std::string& text) {
    const auto value = MacAddress::parse(text);
    if (!value) fail(std::string("--") + name + ": " + text + " is no MAC address");
    return value.value_or(MacAddress());
  }
  std::vector<MacAddress> macs(const char* name) {
    std::vector<MacAddress> out;
    if (!map_.count(name)) return out;
    for (const std::string& text : map_[name].as<std::vector<std::string>>())
      out.push_back(mac(name, text));
    return out;
  }
  void fail(std::string message) {
    if (error_.empty()) error_ = std::move(message);
  }
  const std::string& error() const { return error_; }

 private:
  const po::variables_map& map_;
  std::string error_;
};

void read_flows(const po::variables_map& map, Reader& read, Options& out) {
  out.mode = read.word<Mode>("mode", {{"established", Mode::kEstablished},
                                      {"new", Mode::kNew},
                                      {"server-answers", Mode::kServerAnswers},
                                      {"both-ways", Mode::kBothWays}});
  out.method = read.word<Method>("method", {{"dr", Method::kDr},
                                            {"nat", Method::kNat},
                                            {"fullnat", Method::kFullnat},
                                            {"ipip", Method::kIpip},
                                            {"gre", Method::kGre},
                                            {"gue", Method::kGue}});
  out.tcp = read.word<bool>("proto", {{"udp", false}, {"tcp", true}});
  out.random_order = read.word<bool>("order", {{"sequential", false}, {"random", true}});
  out.flows = read.number<uint32_t>("flows", 256, 10'000'000);
  out.clients = read.number<uint32_t>("clients", 1, 1'000'000);
  if (out.flows / out.clients >= 64'000) read.fail("--clients: too few for so many --flows");

  const int family = map["family"].as<int>();
  if (family != 4 && family != 6) read.fail("--family: must be 4 or 6");
  const char* first_client = family == 4 ? "10.0.0.0" : "2001:db8:c::";
  out.client =
      read.address("client", map.count("client") ? map["client"].as<std::string>() : first_client);
  out.vip = read.address("vip", map["vip"].as<std::string>());
  if (out.vip.is_v4() != (family == 4) || out.client.is_v4() != (family == 4)) {
    read.fail("--vip, --client: not of the family that --family names");
  }
  const bool answers = out.mode == Mode::kServerAnswers || out.mode == Mode::kBothWays;
  if (answers && !out.sees_answers()) {
    read.fail("--mode: servers' answers go through the device only with --method nat or fullnat");
  }
  if (answers && !same_begin(out.client, out.vip)) {
    read.fail("--vip, --client: with answers, IPv6 addresses must share their first 96 bits");
  }
  out.vip_port = read.number<uint16_t>("vip-port", 1, 65535);
}

void read_frames(const po::variables_map& map, Reader& read, Options& out) {
  out.destination_mac = read.mac("dst-mac", map["dst-mac"].as<std::string>());
  out.source_mac = read.mac("src-mac", map["src-mac"].as<std::string>());
  out.expected_macs = read.macs("expect-mac");
  out.client_macs = read.macs("client-mac");
  out.latency = map.count("latency") != 0;
  out.frame_size = read.number<uint32_t>("frame-size", 64, 1518);
  const uint32_t least =
      headers_size(out.v4(), out.tcp) + (out.latency ? kStampSize : 0) + kFrameCheckSize;
  if (out.frame_size < least) {
    read.fail("--frame-size: headers and time stamp need " + std::to_string(least));
  }
}

void read_pace(const po::variables_map& map, Reader& read, Options& out) {
  out.rate = read.number<double>("rate", 0, 1e9);
  out.prime_rate = read.number<double>("prime-rate", 1, 1e9);
  out.seconds = read.number<double>("seconds", 0.1, 86400);
  out.warmup = read.number<double>("warmup", 0, 3600);
  out.interval = read.number<double>("interval", 0.01, 60);
  if (out.interval > out.seconds) read.fail("--interval: longer than --seconds");
  out.burst = read.number<uint32_t>("burst", 1, kMaxBurst);
  out.link_timeout = read.number<double>("link-timeout", 0, 3600);
  out.wait_for_line = map.count("wait-for-line") != 0;
  if (map.count("json")) out.json = map["json"].as<std::string>();
}

}  // namespace

std::string options_help() {
  std::ostringstream out;
  out << description();
  return out.str();
}

Result<Options> parse_options(int argc, char** argv) {
  Options out;
  po::variables_map map;
  try {
    po::store(po::parse_command_line(argc, argv, description()), map);
    po::notify(map);
  } catch (const po::error& error) {
    return Error{std::string(error.what()) + "; see --help"};
  }
  Reader read(map);
  read_flows(map, read, out);
  read_frames(map, read, out);
  read_pace(map, read, out);
  if (!read.error().empty()) return Error{read.error()};
  return out;
}

}  // namespace lbd::loadgen
