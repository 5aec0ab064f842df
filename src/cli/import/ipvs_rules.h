// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/import/remarks.h"

namespace lbd::cli {

/// A real server as `ipvsadm -Sn` has it.
struct IpvsServer {
  std::string address;     // without brackets
  uint16_t port = 0;       // 0: the one that the client used
  std::string forwarding;  // dr, nat, tun
  uint32_t weight = 1;
  uint32_t max_connections = 0;
  uint32_t min_connections = 0;
  std::string tunnel;  // empty: ipip
  uint16_t tunnel_port = 0;
};

/// A virtual service. By mark it has neither address nor protocol of its own.
struct IpvsService {
  size_t line = 0;
  std::string key;       // as it stands behind -A, which its servers repeat behind -a
  std::string protocol;  // tcp, udp, sctp; empty: by mark
  std::string address;   // without brackets
  uint16_t port = 0;
  uint32_t mark = 0;
  bool ipv6 = false;
  std::string scheduler = "wlc";
  std::vector<std::string> flags;
  std::optional<uint32_t> persistence;  // seconds
  unsigned granularity = 0;             // prefix length; 0: each client for itself
  bool one_packet = false;
  std::vector<IpvsServer> servers;
};

/// Output of `ipvsadm -Sn`, a rule a line. What cannot be read is remarked, with its line.
std::vector<IpvsService> read_ipvs_rules(std::string_view text, Remarks& remarks);

}  // namespace lbd::cli
