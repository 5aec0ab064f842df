// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace lbd::cli {

struct Text {
  std::string name;  // of its file, for remarks
  std::string text;
};

struct ImportOptions {
  Text rules;                                                  // of ipvsadm -Sn
  std::vector<Text> marks;                                     // of iptables-save
  std::vector<std::pair<std::string, std::string>> devices;    // interface, device of lb.yaml
  std::vector<std::pair<std::string, std::string>> addresses;  // interface, address/length
};

struct Imported {
  std::string yaml;
  std::vector<std::string> remarks;  // "FILE:LINE: warning: ..."
  bool serves = true;                // false: an error is among the remarks
};

/// What `ipvsadm -Sn` prints, as lb.yaml. IPVS knows neither ports nor addresses of the director:
/// they come from the options; else eth0 is assumed, and said.
Imported import_ipvs(const ImportOptions& options);

}  // namespace lbd::cli
