// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>

#include "control/config/map_reader.h"
#include "control/config/sections.h"
#include "control/config/units.h"

namespace lbd::config {
namespace {

constexpr unsigned kMaxCore = 1023;
constexpr size_t kMaxWorkers = 64;
constexpr size_t kMaxArgument = 1024;  // bytes
constexpr uint64_t kMinMemory = 16ull << 20;
constexpr uint64_t kMaxMemory = 4096ull << 30;
constexpr Milliseconds kMinTimeout{100};
constexpr Milliseconds kMaxTimeout{7 * 24 * 3'600'000};

std::vector<unsigned> read_workers(const Value& value) {
  std::vector<unsigned> cores;
  const std::vector<Value> items = value.list();
  if (value.node().kind == Node::Kind::kList && items.empty())
    value.error("no worker", "name at least one core");
  if (items.size() > kMaxWorkers)
    value.error(std::to_string(items.size()) + " workers are above " + std::to_string(kMaxWorkers),
                "take some out");
  for (const Value& item : items) {
    const auto core = item.number(0, kMaxCore);
    if (!core) continue;
    if (std::find(cores.begin(), cores.end(), *core) != cores.end())
      item.resource_error("core " + std::to_string(*core) + " is given twice",
                          "a core has one worker: name another core");
    cores.push_back(static_cast<unsigned>(*core));
  }
  return cores;
}

void read_cores(MapReader& map, Dataplane& dataplane) {
  if (const auto workers = map.get("worker_cores")) dataplane.worker_cores = read_workers(*workers);
  const auto control = map.get("control_core");
  if (!control) return;
  const auto core = control->number(0, kMaxCore);
  if (!core) return;
  const auto& workers = dataplane.worker_cores;
  if (std::find(workers.begin(), workers.end(), *core) != workers.end())
    control->error("core " + std::to_string(*core) + " is a worker's", "name another core");
  dataplane.control_core = static_cast<unsigned>(*core);
}

std::vector<uint8_t> read_key(const Value& value, const std::string& text) {
  const auto bytes = parse_hex(text);
  if (!bytes) {
    value.error(bytes.error().message, "write 40 or 52 bytes as hexadecimal digits");
    return {};
  }
  const size_t size = bytes.value().size();
  if (size != 40 && size != 52)
    value.error(std::to_string(size) + " bytes are no length of a key", "write 40 or 52 bytes");
  return bytes.value();
}

void read_rss(const Value& value, Dataplane& dataplane) {
  MapReader rss(value);
  if (const auto key = rss.get("key"); key && !key->says("\"\"")) {
    if (const auto text = key->text()) dataplane.rss_key = read_key(*key, *text);
  }
  if (const auto table = rss.get("table_size")) {
    const auto size = table->number(64, 512);
    if (size && !std::has_single_bit(static_cast<uint64_t>(*size)))
      table->error(std::to_string(*size) + " is no power of two", "use 64, 128, 256 or 512");
    if (size) dataplane.rss_table_size = static_cast<unsigned>(*size);
  }
  rss.finish();
}

void read_timeouts(const Value& value, Timeouts& timeouts) {
  MapReader map(value);
  const auto read = [&map](std::string_view key, Milliseconds& timeout) {
    timeout = map.duration(key, kMinTimeout, kMaxTimeout, timeout);
  };
  read("tcp_established", timeouts.tcp_established);
  read("tcp_syn_sent", timeouts.tcp_syn_sent);
  read("tcp_syn_recv", timeouts.tcp_syn_recv);
  read("tcp_fin", timeouts.tcp_fin);
  read("tcp_close", timeouts.tcp_close);
  read("udp", timeouts.udp);
  if (const auto icmp = map.get("icmp")) {
    const auto wanted = icmp->duration(kMinTimeout, kMaxTimeout);
    // No connection is ICMP's yet: only what is so anyway can be said.
    if (wanted && *wanted != timeouts.icmp)
      icmp->error("not supported yet", "leave it out or write 60s");
  }
  map.finish();
}

void read_fragments(const Value& value, Fragments& fragments) {
  MapReader map(value);
  fragments.datagrams =
      static_cast<uint32_t>(map.number("datagrams", 64, 1'000'000, fragments.datagrams));
  fragments.held = static_cast<uint32_t>(map.number("held", 1, 65536, fragments.held));
  if (const auto bytes = map.get("held_bytes"))
    fragments.held_bytes = bytes->size(64ull << 10, 1ull << 30).value_or(fragments.held_bytes);
  fragments.timeout = map.duration("timeout", kMinTimeout, Milliseconds(60'000), fragments.timeout);
  map.finish();
}

void read_tables(MapReader& map, Dataplane& dataplane) {
  dataplane.hugepages = map.boolean("hugepages", dataplane.hugepages);
  if (const auto memory = map.get("memory"); memory && !memory->says("auto"))
    dataplane.memory_bytes = memory->size(kMinMemory, kMaxMemory).value_or(0);
  dataplane.max_connections = static_cast<uint32_t>(
      map.number("max_connections", 1024, 100'000'000, dataplane.max_connections));
  if (const auto share = map.get("half_open_share"))
    dataplane.half_open_percent =
        static_cast<unsigned>(share->percent(1, 100).value_or(dataplane.half_open_percent));
  if (const auto fragments = map.get("fragments")) read_fragments(*fragments, dataplane.fragments);
  if (const auto timeouts = map.get("timeouts")) read_timeouts(*timeouts, dataplane.timeouts);
}

}  // namespace

Dataplane read_dataplane(const Value& section) {
  Dataplane dataplane;
  dataplane.place = section.place();
  dataplane.worker_cores = {kDefaultWorkerCore};
  MapReader map(section);
  read_cores(map, dataplane);
  read_tables(map, dataplane);
  dataplane.idle =
      map.choice<Idle>("idle", {{"poll", Idle::kPoll}, {"sleep", Idle::kSleep}}, dataplane.idle);
  dataplane.steering = map.choice<Steering>(
      "steering",
      {{"auto", Steering::kAuto}, {"rss", Steering::kRss}, {"software", Steering::kSoftware}},
      dataplane.steering);
  if (const auto rss = map.get("rss")) read_rss(*rss, dataplane);
  dataplane.sloppy_tcp = map.boolean("sloppy_tcp", dataplane.sloppy_tcp);
  if (const auto arguments = map.get("eal_args")) {
    for (const Value& item : arguments->list())
      if (const auto text = item.word(kMaxArgument)) dataplane.eal_args.push_back(*text);
  }
  map.finish();
  return dataplane;
}

}  // namespace lbd::config
