// SPDX-License-Identifier: Apache-2.0
#include "steer.h"

#include <netinet/in.h>
#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_thash.h>

#include <cstdlib>
#include <cstring>

namespace lbd::rss_nic {
namespace {

constexpr unsigned kMaxWords = 9;  // two IPv6 addresses and the ports

/// The hash's input: 32-bit words in host order.
struct Input {
  uint32_t words[kMaxWords];
  unsigned count = 0;

  void add(const uint8_t* bytes, unsigned words_more) {
    for (unsigned i = 0; i < words_more; ++i) {
      uint32_t word;
      std::memcpy(&word, bytes + 4 * i, 4);
      words[count++] = rte_be_to_cpu_32(word);
    }
  }
};

bool has_ports(uint8_t protocol) {
  return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP;
}

Input read_v4(std::span<const uint8_t> packet) {
  Input out;
  if (packet.size() < sizeof(rte_ipv4_hdr)) return out;
  const auto* ip = reinterpret_cast<const rte_ipv4_hdr*>(packet.data());
  out.add(packet.data() + offsetof(rte_ipv4_hdr, src_addr), 2);
  const unsigned header = rte_ipv4_hdr_len(ip);
  constexpr uint16_t kIsFragment = RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK;
  const bool fragment = (rte_be_to_cpu_16(ip->fragment_offset) & kIsFragment) != 0;
  if (!fragment && has_ports(ip->next_proto_id) && packet.size() >= header + 4)
    out.add(packet.data() + header, 1);
  return out;
}

Input read_v6(std::span<const uint8_t> packet) {
  Input out;
  if (packet.size() < sizeof(rte_ipv6_hdr)) return out;
  const auto* ip = reinterpret_cast<const rte_ipv6_hdr*>(packet.data());
  out.add(packet.data() + offsetof(rte_ipv6_hdr, src_addr), 8);
  if (has_ports(ip->proto) && packet.size() >= sizeof(*ip) + 4)
    out.add(packet.data() + sizeof(*ip), 1);
  return out;
}

}  // namespace

unsigned Steer::queue(std::span<const uint8_t> frame) const {
  if (frame.size() < sizeof(rte_ether_hdr)) return 0;
  const auto* ethernet = reinterpret_cast<const rte_ether_hdr*>(frame.data());
  const auto packet = frame.subspan(sizeof(rte_ether_hdr));
  Input input;
  if (ethernet->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4)) input = read_v4(packet);
  if (ethernet->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6)) input = read_v6(packet);
  if (input.count == 0) return 0;
  return rte_softrss(input.words, input.count, key_.data()) % table_size_ % queues_;
}

std::vector<uint8_t> bytes_of(const std::string& text) {
  std::vector<uint8_t> out;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    char* end = nullptr;
    const std::string digits = text.substr(i, 2);
    out.push_back(static_cast<uint8_t>(std::strtoul(digits.c_str(), &end, 16)));
    if (*end != '\0') return {};
  }
  return out;
}

}  // namespace lbd::rss_nic
