// SPDX-License-Identifier: Apache-2.0
#include "control/command/words.h"
#include "control/config/sections.h"

namespace lbd::config {

CommandLine read_command(const Value& value) {
  if (value.says("\"\"")) return {};
  const auto text = value.text();
  if (!text) return {};
  const auto refuse = [&](const std::string& cause, const std::string& remedy) {
    value.error(quote(*text) + " " + cause, remedy);
    return CommandLine{};
  };
  auto words = split_words(*text);
  if (!words) return refuse(words.error().message, "close the quotes, or write \"\" for none");
  if (words->empty()) return refuse("is blank", "write a command, or \"\" for none");
  if (words->front().empty() || words->front().front() != '/')
    return refuse("does not begin with the program's full path", "write it as /usr/bin/program");
  return {std::move(words).value(), *text};
}

}  // namespace lbd::config
