// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <charconv>
#include <optional>
#include <string_view>

#include "cli/duration.h"
#include "common/address.h"

namespace lbd::cli {
namespace {

namespace po = boost::program_options;

struct VerbSyntax {
  std::string_view name;
  size_t least_words;
  size_t most_words;
  std::string_view options;  // the names it takes, each between blanks
  std::string_view usage;
  std::string_view help;
};

constexpr std::array<VerbSyntax, 18> kVerbs{{
    {"status", 0, 0, "", "status", "name, workers, ports, memory pools"},
    {"services", 0, 1, "", "services [NAME]", "services and their real servers"},
    {"stats", 0, 1, " rate ", "stats [NAME] [--rate]", "connections, packets, bytes; per second"},
    {"connections", 0, 0, " service server client state ",
     "connections [--service NAME] [--server ADDRESS[:PORT]] [--client ADDRESS[:PORT]] "
     "[--state STATE]",
     "the connection table"},
    {"counters", 0, 0, "", "counters", "every verdict and drop reason"},
    {"health", 0, 0, " follow ", "health [--follow]", "health checks; and what happens to them"},
    {"probe", 2, 2, "", "probe SERVICE SERVER", "a server's checks once, with what was said"},
    {"vrrp", 0, 2, " follow ", "vrrp [step-down INSTANCE] [--follow]",
     "VRRP instances; hand one over; see what happens to them"},
    {"maintenance", 1, 1, "", "maintenance on|off", "no VRRP instance is master here meanwhile"},
    {"neighbours", 0, 0, "", "neighbours", "neighbours as the fast path knows them"},
    {"routes", 0, 0, "", "routes", "routes as the fast path knows them"},
    {"weight", 1, 3, " all clear for ",
     "weight SERVICE SERVER N [--for 30m] | weight SERVICE SERVER --clear | weight --all SERVER N",
     "override a weight; 0 = no new connections"},
    {"drain", 1, 2, " all no-wait ", "drain SERVICE SERVER [--no-wait] | drain --all SERVER",
     "no new connections; ends when the last one is gone"},
    {"undrain", 1, 2, " all ", "undrain SERVICE SERVER | undrain --all SERVER",
     "takes a drain back"},
    {"reload", 0, 0, " dry-run ", "reload [--dry-run]", "read the file again"},
    {"explain", 2, 3, " size ", "explain CLIENT:PORT VIP:PORT [tcp|udp|sctp] [--size N]",
     "what would become of a packet"},
    {"log", 1, 1, "", "log LEVEL", "trace, debug, info, warn or error"},
    {"import-ipvs", 0, 1, " map address iptables-save ",
     "import-ipvs [FILE] [--map IF=DEVICE]... [--address IF=ADDRESS/LENGTH]... "
     "[--iptables-save FILE]...",
     "lb.yaml from what ipvsadm -Sn prints; asks no lbd"},
}};

po::options_description make_options() {
  po::options_description options("options");
  auto add = options.add_options();
  add("socket", po::value<std::string>(), "where lbd listens (/run/lbd/lbd.sock)");
  add("json", "one JSON document, for programs");
  add("help,h", "this text");
  add("version", "the version");
  add("rate", "");
  add("service", po::value<std::string>(), "");
  add("server", po::value<std::string>(), "");
  add("client", po::value<std::string>(), "");
  add("state", po::value<std::string>(), "");
  add("all", "");
  add("clear", "");
  add("for", po::value<std::string>(), "");
  add("no-wait", "");
  add("dry-run", "");
  add("size", po::value<std::string>(), "");
  add("map", po::value<std::vector<std::string>>()->composing(), "");
  add("address", po::value<std::vector<std::string>>()->composing(), "");
  add("iptables-save", po::value<std::vector<std::string>>()->composing(), "");
  add("follow", "");
  add("words", po::value<std::vector<std::string>>(), "");
  return options;
}

Error usage(const VerbSyntax& syntax) {
  return Error{"usage: lbctl " + std::string(syntax.usage)};
}

std::optional<int64_t> number(const std::string& text) {
  int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_server(const std::string& text) {
  return IpAddress::parse(text).has_value() || Endpoint::parse(text).has_value();
}

Error no_server(const std::string& text) {
  return Error{"\"" + text +
               "\" is no address and no address:port; write 192.0.2.31 or "
               "192.0.2.31:80"};
}

/// SERVICE SERVER, or with --all SERVER alone; the rest of the words is left.
Status take_server(const VerbSyntax& syntax, std::vector<std::string>& words, Command& out) {
  const bool all = out.arguments.contains("all");
  const size_t rest = syntax.name == "weight" && !out.arguments.contains("clear") ? 1 : 0;
  const bool named = words.size() == 2 + rest;
  if (!named && !(all && words.size() == 1 + rest)) return usage(syntax);
  if (named) out.arguments["service"] = words[0];
  const std::string& server = words[named ? 1 : 0];
  if (!is_server(server)) return no_server(server);
  out.arguments["server"] = server;
  words.erase(words.begin(), words.begin() + (named ? 2 : 1));
  return Done{};
}

Status take_weight(const VerbSyntax& syntax, const std::vector<std::string>& words,
                   const po::variables_map& given, Command& out) {
  if (!words.empty()) {
    const auto weight = number(words[0]);
    if (!weight || *weight < 0 || *weight > 65535)
      return Error{"weight: \"" + words[0] + "\" is none; use 0..65535"};
    out.arguments["weight"] = *weight;
  }
  if (!given.count("for")) return Done{};
  if (words.empty()) return usage(syntax);
  const auto& text = given["for"].as<std::string>();
  const auto time = parse_duration_ms(text);
  if (!time || *time == 0)
    return Error{"--for: \"" + text + "\" is no duration; write 500ms, 30s, 30m, 2h or 1d"};
  out.arguments["for_ms"] = *time;
  return Done{};
}

Status take_explain(const std::vector<std::string>& words, const po::variables_map& given,
                    Command& out) {
  const auto client = Endpoint::parse(words[0]);
  const auto destination = Endpoint::parse(words[1]);
  if (!client || !destination || client->port == 0 || destination->port == 0)
    return Error{"explain: \"" + words[client && client->port != 0 ? 1 : 0] +
                 "\" is no address:port; write 192.0.2.9:4711 or [2001:db8::9]:4711"};
  if (client->address.family() != destination->address.family())
    return Error{"explain: client and VIP are of different families; name two of one"};
  if (words.size() == 3 && words[2] != "tcp" && words[2] != "udp" && words[2] != "sctp")
    return Error{"explain: \"" + words[2] + "\" is no protocol; write tcp, udp or sctp"};
  out.arguments["client"] = words[0];
  out.arguments["virtual"] = words[1];
  if (words.size() == 3) out.arguments["protocol"] = words[2];
  if (!given.count("size")) return Done{};
  const auto& text = given["size"].as<std::string>();
  const auto size = number(text);
  if (!size || *size < 1 || *size > 65535)
    return Error{"--size: \"" + text + "\" is none; use 1..65535 bytes"};
  out.arguments["size"] = *size;
  return Done{};
}

Status take_import(const std::vector<std::string>& words, const po::variables_map& given,
                   Command& out) {
  out.arguments["file"] = words.empty() ? "-" : words[0];
  for (const char* name : {"map", "address", "iptables-save"}) {
    if (!given.count(name)) continue;
    const auto values = given[name].as<std::vector<std::string>>();
    for (const std::string& value : values)
      if (name != std::string_view("iptables-save") && value.find('=', 1) == value.npos)
        return Error{
            "--" + std::string(name) + ": \"" + value + "\" has no '='; write " +
            (name == std::string_view("map") ? "eth0=0000:03:00.0" : "eth0=192.0.2.11/24")};
    out.arguments[name] = values;
  }
  return Done{};
}

Status take_words(const VerbSyntax& syntax, std::vector<std::string> words,
                  const po::variables_map& given, Command& out) {
  if (words.size() < syntax.least_words || words.size() > syntax.most_words) return usage(syntax);
  if (syntax.name == "services" || syntax.name == "stats") {
    if (!words.empty()) out.arguments["name"] = words[0];
  } else if (syntax.name == "vrrp") {
    if (words.empty()) return Done{};
    if (words.size() != 2 || words[0] != "step-down") return usage(syntax);
    out.arguments["step_down"] = words[1];
  } else if (syntax.name == "maintenance") {
    if (words[0] != "on" && words[0] != "off") return usage(syntax);
    out.arguments["on"] = words[0] == "on";
  } else if (syntax.name == "log") {
    constexpr std::array<std::string_view, 5> kLevels{"trace", "debug", "info", "warn", "error"};
    if (std::find(kLevels.begin(), kLevels.end(), words[0]) == kLevels.end())
      return Error{"log: \"" + words[0] +
                   "\" is no level; write trace, debug, info, warn or error"};
    out.arguments["level"] = words[0];
  } else if (syntax.name == "import-ipvs") {
    return take_import(words, given, out);
  } else if (syntax.name == "explain") {
    return take_explain(words, given, out);
  } else if (syntax.least_words > 0) {
    if (const Status taken = take_server(syntax, words, out); !taken) return taken;
    return take_weight(syntax, words, given, out);
  }
  return Done{};
}

/// Options that go to lbd as they are; those that are lbctl's own.
void take_options(const po::variables_map& given, Command& out) {
  for (const char* name : {"service", "server", "client", "state"})
    if (given.count(name)) out.arguments[name] = given[name].as<std::string>();
  if (given.count("all")) out.arguments["all"] = true;
  if (given.count("clear")) out.arguments["clear"] = true;
  if (given.count("dry-run")) out.arguments["dry_run"] = true;
  out.follow = given.count("follow") > 0;
  out.rate = given.count("rate") > 0;
  out.wait = given.count("no-wait") == 0;
}

Status check_options(const VerbSyntax& syntax, const po::variables_map& given) {
  for (const auto& [name, value] : given) {
    const bool asks = syntax.name != "import-ipvs";
    if (name == "words" || (asks && (name == "socket" || name == "json"))) continue;
    if (syntax.options.find(" " + name + " ") == std::string_view::npos)
      return Error{std::string(syntax.name) + " takes no --" + name + "; " + usage(syntax).message};
  }
  return Done{};
}

Result<Command> command_of(const po::variables_map& given) {
  Command out;
  if (given.count("socket")) out.socket = given["socket"].as<std::string>();
  out.json = given.count("json") > 0;
  out.help = given.count("help") > 0;
  out.version = given.count("version") > 0;
  if (out.help || out.version) return out;
  if (!given.count("words")) return Error{"no verb; lbctl --help lists them"};
  auto words = given["words"].as<std::vector<std::string>>();
  out.verb = words.front();
  words.erase(words.begin());
  const auto* syntax = std::find_if(kVerbs.begin(), kVerbs.end(),
                                    [&](const VerbSyntax& verb) { return verb.name == out.verb; });
  if (syntax == kVerbs.end()) return Error{"no verb \"" + out.verb + "\"; lbctl --help lists them"};
  if (const Status checked = check_options(*syntax, given); !checked) return checked.error();
  for (const char* name : {"server", "client"})
    if (given.count(name) && !is_server(given[name].as<std::string>()))
      return no_server(given[name].as<std::string>());
  take_options(given, out);
  if (const Status taken = take_words(*syntax, words, given, out); !taken) return taken.error();
  return out;
}

}  // namespace

Result<Command> parse_command_line(const std::vector<std::string>& words) {
  const po::options_description options = make_options();
  po::positional_options_description positional;
  positional.add("words", -1);
  po::variables_map given;
  try {
    namespace style = po::command_line_style;
    po::store(po::command_line_parser(words)
                  .options(options)
                  .positional(positional)
                  .style(style::unix_style & ~style::allow_guessing)
                  .run(),
              given);
  } catch (const po::error& error) {
    return Error{std::string(error.what()) + "; lbctl --help shows what there is"};
  }
  return command_of(given);
}

std::string help_text() {
  std::string text = "lbctl [--socket PATH] [--json] VERB ...\n\n";
  for (const VerbSyntax& verb : kVerbs)
    text += "  " + std::string(verb.usage) + "\n      " + std::string(verb.help) + "\n";
  text +=
      "\nSERVER is an address or address:port. --socket PATH: where lbd listens\n"
      "(/run/lbd/lbd.sock). --json: one JSON document, for programs.\n"
      "Exit codes: 0 done, 1 lbd said no or does not run (import-ipvs: the result could not\n"
      "serve), 2 wrong command line.\n";
  return text;
}

}  // namespace lbd::cli
