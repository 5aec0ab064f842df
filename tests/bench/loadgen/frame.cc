// SPDX-License-Identifier: Apache-2.0
#include "frame.h"

namespace lbd::loadgen {
namespace {

constexpr uint32_t kL3 = sizeof(wire::Ethernet);
constexpr uint8_t kTtl = 64;

uint32_t sum_of(uint32_t raw) {
  return (raw & 0xffff) + (raw >> 16);
}

}  // namespace

FrameTemplate::FrameTemplate(const FrameSpec& spec)
    : bytes_(spec.length),
      v4_(spec.source.is_v4()),
      tcp_(spec.tcp),
      l4_(kL3 + (v4_ ? sizeof(wire::Ipv4) : sizeof(wire::Ipv6))),
      payload_(headers_size(v4_, tcp_)),
      checksum_(tcp_ ? 16 : 6) {
  auto* ethernet = reinterpret_cast<wire::Ethernet*>(bytes_.data());
  std::memcpy(ethernet->destination, spec.destination_mac.bytes.data(), 6);
  std::memcpy(ethernet->source, spec.source_mac.bytes.data(), 6);
  ethernet->type = Be16(v4_ ? wire::kEtherIpv4 : wire::kEtherIpv6);
  write_ip(spec);
  write_l4(spec);
}

void FrameTemplate::write_ip(const FrameSpec& spec) {
  const uint8_t protocol = tcp_ ? wire::kProtoTcp : wire::kProtoUdp;
  const uint32_t l4_length = spec.length - l4_;
  if (v4_) {
    auto* ip = reinterpret_cast<wire::Ipv4*>(bytes_.data() + kL3);
    ip->version_ihl = 0x45;
    ip->total_length = Be16(static_cast<uint16_t>(spec.length - kL3));
    ip->fragment = Be16(0x4000);
    ip->ttl = kTtl;
    ip->protocol = protocol;
    ip_sum_ = checksum::fold(checksum::add(ip, sizeof *ip));
    const uint64_t no_addresses = 0;
    l4_sum_ = checksum::fold(checksum::pseudo_header(&no_addresses, 8, protocol, l4_length));
    return;
  }
  auto* ip = reinterpret_cast<wire::Ipv6*>(bytes_.data() + kL3);
  ip->version_class_flow = Be32(0x60000000);
  ip->payload_length = Be16(static_cast<uint16_t>(l4_length));
  ip->next_header = protocol;
  ip->hop_limit = kTtl;
  std::memcpy(ip->source, spec.source.data(), 12);
  std::memcpy(ip->destination, spec.destination.data(), 12);
  l4_sum_ = checksum::fold(checksum::pseudo_header(ip->source, 32, protocol, l4_length));
}

void FrameTemplate::write_l4(const FrameSpec& spec) {
  if (tcp_) {
    auto* tcp = reinterpret_cast<wire::Tcp*>(bytes_.data() + l4_);
    tcp->sequence = Be32(1);
    tcp->acknowledgement = Be32(1);
    tcp->data_offset = 5 << 4;
    tcp->window = Be16(65535);
  } else {
    auto* udp = reinterpret_cast<wire::Udp*>(bytes_.data() + l4_);
    udp->length = Be16(static_cast<uint16_t>(spec.length - l4_));
  }
  l4_sum_ += checksum::fold(checksum::add(bytes_.data() + l4_, spec.length - l4_));
}

FlowRecord FrameTemplate::record(uint32_t source, uint32_t destination, uint16_t source_port,
                                 uint16_t destination_port) const {
  FlowRecord out{};
  out.source = Be32(source).raw();
  out.destination = Be32(destination).raw();
  out.source_port = Be16(source_port).raw();
  out.destination_port = Be16(destination_port).raw();
  const uint32_t addresses = sum_of(out.source) + sum_of(out.destination);
  out.ip_checksum = static_cast<uint16_t>(~checksum::fold(ip_sum_ + addresses));
  out.l4_sum = checksum::fold(uint64_t{addresses} + out.source_port + out.destination_port);
  return out;
}

}  // namespace lbd::loadgen
