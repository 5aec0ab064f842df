// SPDX-License-Identifier: Apache-2.0
#include "cli/import/ipvs_rules.h"

#include <algorithm>
#include <array>
#include <bit>

#include "cli/import/words.h"
#include "common/address.h"

namespace lbd::cli {
namespace {

constexpr uint32_t kDefaultPersistence = 300;  // seconds: of ipvsadm -p without a number

struct Alias {
  std::string_view shorter, longer;
};
constexpr std::array<Alias, 21> kAliases{{
    {"-A", "--add-service"}, {"-a", "--add-server"},     {"-t", "--tcp-service"},
    {"-u", "--udp-service"}, {"-f", "--fwmark-service"}, {"-s", "--scheduler"},
    {"-p", "--persistent"},  {"-M", "--netmask"},        {"-o", "--ops"},
    {"-b", "--sched-flags"}, {"-r", "--real-server"},    {"-g", "--gatewaying"},
    {"-i", "--ipip"},        {"-m", "--masquerading"},   {"-w", "--weight"},
    {"-x", "--u-threshold"}, {"-y", "--l-threshold"},    {"-6", "--ipv6"},
    {"-C", "--clear"},       {"-E", "--edit-service"},   {"-e", "--edit-server"},
}};

std::string short_form(const std::string& word) {
  for (const Alias& alias : kAliases)
    if (word == alias.longer) return std::string(alias.shorter);
  return word;
}

/// The words of one rule, taken from the front.
class Rule {
 public:
  explicit Rule(std::vector<std::string> words) : words_(std::move(words)) {}
  bool done() const { return next_ == words_.size(); }
  std::string option() { return short_form(words_[next_++]); }
  /// The value of the option before; empty where there is none.
  std::string value() {
    return done() || words_[next_].starts_with("-") ? std::string() : words_[next_++];
  }

 private:
  std::vector<std::string> words_;
  size_t next_ = 0;
};

/// "192.0.2.20:80" or "[2001:db8::20]:80"; nothing for names, which `ipvsadm -S` without n prints.
bool take_endpoint(const std::string& text, std::string& address, uint16_t& port) {
  const auto endpoint = Endpoint::parse(text);
  if (!endpoint) return false;
  address = endpoint->address.to_string();
  port = endpoint->port;
  return true;
}

unsigned granularity(const std::string& mask) {
  if (const auto length = number_of(mask, 128)) return *length;
  const auto address = IpAddress::parse(mask);
  return address && address->is_v4() ? static_cast<unsigned>(std::popcount(address->v4_host())) : 0;
}

std::vector<std::string> comma_list(std::string text) {
  std::replace(text.begin(), text.end(), ',', ' ');
  return words_of(text);
}

/// Reads all rules; keeps what was read of the services.
class Reader {
 public:
  explicit Reader(Remarks& remarks) : remarks_(remarks) {}

  void line(std::string_view text, size_t number) {
    auto words = words_of(text);
    if (!words.empty() && words[0] == "ipvsadm") words.erase(words.begin());
    if (words.empty() || words[0].starts_with("#")) return;
    number_ = number;
    Rule rule(std::move(words));
    const std::string verb = rule.option();
    if (verb == "-A")
      add_service(rule);
    else if (verb == "-a")
      add_server(rule);
    else if (verb != "-C")
      remarks_.warning(number_, verb + " is left out: only -A and -a are read");
  }

  std::vector<IpvsService> services;

 private:
  /// -t, -u, --sctp-service or -f with what is behind; false where it is none of them.
  bool take_key(const std::string& option, Rule& rule, IpvsService& service) {
    if (option == "-f") {
      const std::string mark = rule.value();
      service.key = "fwmark " + mark;
      service.mark = number_of(mark).value_or(0);
      if (service.mark == 0) remarks_.error(number_, "\"" + mark + "\" is no mark");
      return true;
    }
    if (option != "-t" && option != "-u" && option != "--sctp-service") return false;
    service.protocol = option == "-t" ? "tcp" : option == "-u" ? "udp" : "sctp";
    const std::string text = rule.value();
    service.key = service.protocol + " " + text;
    service.ipv6 = text.starts_with("[");
    if (!take_endpoint(text, service.address, service.port))
      remarks_.error(number_,
                     "\"" + text + "\" is no address:port; take the output of ipvsadm -Sn");
    return true;
  }

  void add_service(Rule& rule) {
    IpvsService service;
    service.line = number_;
    while (!rule.done()) {
      const std::string option = rule.option();
      if (!take_key(option, rule, service)) take_service_option(option, rule, service);
    }
    if (service.mark != 0 || !service.address.empty()) services.push_back(std::move(service));
  }

  void take_service_option(const std::string& option, Rule& rule, IpvsService& service) {
    if (option == "-s") {
      service.scheduler = rule.value();
    } else if (option == "-p") {
      service.persistence = number_of(rule.value()).value_or(kDefaultPersistence);
    } else if (option == "-M") {
      service.granularity = granularity(rule.value());
    } else if (option == "-o") {
      service.one_packet = true;
    } else if (option == "-b") {
      service.flags = comma_list(rule.value());
    } else if (option == "-6") {
      service.ipv6 = true;
    } else {
      const std::string value = rule.value();
      remarks_.warning(number_, option + (value.empty() ? "" : " " + value) +
                                    ": no counterpart; lbd persists by client address only");
    }
  }

  void add_server(Rule& rule) {
    IpvsService named;
    IpvsServer server;
    server.forwarding = "dr";
    while (!rule.done()) {
      const std::string option = rule.option();
      if (option == "-6")
        named.ipv6 = true;
      else if (!take_key(option, rule, named))
        take_server_option(option, rule, server);
    }
    const auto owner = std::find_if(services.begin(), services.end(), [&](const IpvsService& each) {
      return each.key == named.key && (named.mark == 0 || each.ipv6 == named.ipv6);
    });
    if (owner == services.end())
      remarks_.warning(number_,
                       "server of " + named.key + ", which no -A before it adds; left out");
    else if (!server.address.empty())
      owner->servers.push_back(std::move(server));
  }

  void take_server_option(const std::string& option, Rule& rule, IpvsServer& server) {
    if (option == "-g") {
      server.forwarding = "dr";
    } else if (option == "-m") {
      server.forwarding = "nat";
    } else if (option == "-i") {
      server.forwarding = "tun";
    } else {
      take_server_value(option, rule.value(), server);
    }
  }

  void take_server_value(const std::string& option, const std::string& value, IpvsServer& server) {
    const auto number = number_of(value);
    if (option == "-r") {
      if (!take_endpoint(value, server.address, server.port))
        remarks_.error(number_,
                       "\"" + value + "\" is no address:port; take the output of ipvsadm -Sn");
    } else if (option == "--tun-type") {
      server.tunnel = value == "ipip" ? "" : value;
    } else if (option == "--tun-nocsum") {
      return;
    } else if (option == "--tun-csum" || option == "--tun-remcsum") {
      remarks_.warning(number_, option + ": lbd's tunnels carry no checksum of their own");
    } else if (option == "-w" && number) {
      server.weight = *number;
    } else if (option == "-x" && number) {
      server.max_connections = *number;
    } else if (option == "-y" && number) {
      server.min_connections = *number;
    } else if (option == "--tun-port" && number && *number <= 65535) {
      server.tunnel_port = static_cast<uint16_t>(*number);
    } else {
      remarks_.warning(number_, option + (value.empty() ? "" : " " + value) + " is left out");
    }
  }

  Remarks& remarks_;
  size_t number_ = 0;
};

}  // namespace

std::vector<IpvsService> read_ipvs_rules(std::string_view text, Remarks& remarks) {
  Reader reader(remarks);
  for_each_line(text, [&](std::string_view line, size_t number) { reader.line(line, number); });
  return std::move(reader.services);
}

}  // namespace lbd::cli
