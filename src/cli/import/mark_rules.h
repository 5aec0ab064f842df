// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/import/remarks.h"

namespace lbd::cli {

/// A rule of iptables-save that gives packets a mark: which they are.
struct MarkRule {
  std::string file;
  size_t line = 0;
  uint32_t mark = 0;
  std::vector<std::string> protocols;  // tcp, udp, sctp
  std::string destination;             // an address, or a prefix with its length
  std::vector<std::string> ports;      // "80", "8000-8010", "0": any
  bool used = false;
};

/// The rules of mangle/PREROUTING with -j MARK; those that lb.yaml cannot express are remarked.
std::vector<MarkRule> read_mark_rules(std::string_view text, const std::string& file,
                                      Remarks& remarks);

}  // namespace lbd::cli
