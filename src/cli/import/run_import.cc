// SPDX-License-Identifier: Apache-2.0
#include "cli/import/run_import.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

#include "cli/import/import_ipvs.h"

namespace lbd::cli {
namespace {

Result<Text> read(const std::string& file) {
  std::ifstream opened;
  if (file != "-") {
    opened.open(file);
    if (!opened) return Error{file + " cannot be read: " + std::strerror(errno)};
  }
  std::istream& in = file == "-" ? std::cin : opened;
  std::ostringstream text;
  // An empty file is none that cannot be read, but writing nothing counts as a failure.
  if (in.peek() != std::istream::traits_type::eof()) text << in.rdbuf();
  if (!text || in.bad()) return Error{file + " cannot be read"};
  return Text{file == "-" ? "standard input" : file, text.str()};
}

std::vector<std::pair<std::string, std::string>> pairs(const Command& command, const char* name) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const Json& row : command.arguments.value(name, Json::array())) {
    const auto text = row.get<std::string>();
    const size_t equals = text.find('=');
    out.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

}  // namespace

Status run_import(const Command& command) {
  ImportOptions options;
  auto rules = read(command.arguments["file"].get<std::string>());
  if (!rules) return rules.error();
  options.rules = std::move(rules).value();
  for (const Json& file : command.arguments.value("iptables-save", Json::array())) {
    auto marks = read(file.get<std::string>());
    if (!marks) return marks.error();
    options.marks.push_back(std::move(marks).value());
  }
  options.devices = pairs(command, "map");
  options.addresses = pairs(command, "address");
  const Imported imported = import_ipvs(options);
  for (const std::string& remark : imported.remarks) std::cerr << remark << "\n";
  std::cout << imported.yaml;
  if (!imported.serves) return Error{"import-ipvs: the result could not serve; see above"};
  return Done{};
}

}  // namespace lbd::cli
