// SPDX-License-Identifier: Apache-2.0
#include "cli/import/mark_rules.h"

#include <optional>

#include "cli/import/words.h"
#include "common/address.h"

namespace lbd::cli {
namespace {

/// N, N/0xffffffff or N/N: the mark is N whatever it was before. Else nothing.
std::optional<uint32_t> mark_of(const std::string& text) {
  const size_t slash = text.find('/');
  const auto mark = number_of(text.substr(0, slash));
  if (!mark || slash == std::string::npos) return mark;
  const auto mask = number_of(text.substr(slash + 1));
  return mask && (*mask == UINT32_MAX || *mask == *mark) ? mark : std::nullopt;
}

std::vector<std::string> ports_of(const std::string& text) {
  std::vector<std::string> ports{""};
  for (const char c : text) {
    if (c == ',')
      ports.emplace_back();
    else
      ports.back() += c == ':' ? '-' : c;
  }
  return ports;
}

std::string destination_of(const std::string& text) {
  const auto prefix = Prefix::parse(text, true);
  if (!prefix) return {};
  return prefix->length == prefix->address.bits() ? prefix->address.to_string()
                                                  : prefix->network().to_string();
}

bool is_one_of(const std::string& word, std::initializer_list<std::string_view> words) {
  for (const std::string_view each : words)
    if (word == each) return true;
  return false;
}

/// Takes one option; false where lb.yaml has nothing like it.
bool take(const std::string& option, const std::string& value, MarkRule& rule) {
  if (value == "!" || option == "!") return false;
  if (is_one_of(option, {"-d", "--destination"})) {
    rule.destination = destination_of(value);
    return !rule.destination.empty();
  }
  if (is_one_of(option, {"-p", "--protocol"})) {
    rule.protocols = {value};
    return is_one_of(value, {"tcp", "udp", "sctp"});
  }
  if (is_one_of(option, {"--dport", "--destination-port", "--dports", "--destination-ports"})) {
    rule.ports = ports_of(value);
    return true;
  }
  if (is_one_of(option, {"--set-mark", "--set-xmark"})) {
    rule.mark = mark_of(value).value_or(0);
    return rule.mark != 0;
  }
  if (is_one_of(option, {"-j", "--jump"})) return value == "MARK";
  return is_one_of(option, {"-m", "--match", "-i", "--in-interface", "--comment"});
}

/// What of the rule has no counterpart; empty where all has.
std::string read_rule(const std::vector<std::string>& words, MarkRule& rule) {
  rule.protocols = {"tcp", "udp"};
  rule.ports = {"0"};
  for (size_t i = 2; i < words.size(); i += 2) {
    const std::string value = i + 1 < words.size() ? words[i + 1] : "";
    if (!take(words[i], value, rule)) return words[i] + " " + value;
  }
  return rule.destination.empty() ? "a rule without -d" : "";
}

}  // namespace

std::vector<MarkRule> read_mark_rules(std::string_view text, const std::string& file,
                                      Remarks& remarks) {
  std::vector<MarkRule> rules;
  std::string table = "mangle";
  for_each_line(text, [&](std::string_view line, size_t number) {
    auto words = words_of(line);
    if (words.empty()) return;
    if (words[0].starts_with("*")) table = words[0].substr(1);
    if (words[0].starts_with("[")) words.erase(words.begin());  // the counters of iptables-save -c
    const bool marks =
        line.find("--set-mark") != line.npos || line.find("--set-xmark") != line.npos;
    if (words.size() < 2 || words[0] != "-A" || !marks) return;
    MarkRule rule;
    rule.file = file;
    rule.line = number;
    if (table != "mangle" || words[1] != "PREROUTING")
      return remarks.warning(number,
                             "rule of " + table + "/" + words[1] +
                                 " is left out: only marks of mangle/PREROUTING reach IPVS");
    if (const std::string odd = read_rule(words, rule); !odd.empty())
      return remarks.warning(number, "rule is left out: lb.yaml has no counterpart of " + odd);
    rules.push_back(std::move(rule));
  });
  return rules;
}

}  // namespace lbd::cli
