// SPDX-License-Identifier: Apache-2.0
#include "main/options.h"

#include <boost/program_options.hpp>
#include <sstream>

namespace lbd {
namespace {

namespace po = boost::program_options;

po::options_description make_options() {
  po::options_description options("Options");
  auto add = options.add_options();
  add("config,c", po::value<std::string>()->value_name("FILE"), "what to do: lb.yaml");
  add("check", "read and check the file, then exit: needs no root, no huge pages");
  add("version", "say the version");
  add("help,h", "this text");
  return options;
}

}  // namespace

Result<CommandLine> parse_command_line(const std::vector<std::string>& words) {
  po::variables_map given;
  try {
    namespace style = po::command_line_style;
    const po::positional_options_description none;
    const po::options_description options = make_options();
    po::store(po::command_line_parser(words)
                  .options(options)
                  .positional(none)
                  .style(style::unix_style & ~style::allow_guessing)
                  .run(),
              given);
  } catch (const po::error& error) {
    return Error{std::string(error.what()) + "; lbd --help shows what there is"};
  }
  CommandLine out;
  out.help = given.count("help") > 0;
  out.version = given.count("version") > 0;
  out.check = given.count("check") > 0;
  if (given.count("config")) out.config = given["config"].as<std::string>();
  if (out.config.empty() && !out.help && !out.version)
    return Error{"no file; start it as lbd -c FILE"};
  return out;
}

std::string help_text() {
  std::ostringstream text;
  text << "lbd -c FILE [--check]\n\nA layer-4 load balancer on DPDK. Runs in the foreground, logs "
          "to "
          "standard error.\n\n"
       << make_options()
       << "\nSIGHUP reloads the file, SIGTERM and SIGINT stop. Exit codes: 0 stopped as asked,\n"
          "1 the file is wrong, 2 the command line is wrong, 3 a resource is missing.\n";
  return text.str();
}

}  // namespace lbd
