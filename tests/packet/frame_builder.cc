// SPDX-License-Identifier: Apache-2.0
#include "frame_builder.h"

namespace lbd::test {
namespace {

void append(Bytes& out, const void* data, size_t length) {
  const auto* bytes = static_cast<const uint8_t*>(data);
  out.insert(out.end(), bytes, bytes + length);
}

void append16(Bytes& out, uint16_t value) {
  out.push_back(static_cast<uint8_t>(value >> 8));
  out.push_back(static_cast<uint8_t>(value));
}

bool is_fragment_tail(const FrameSpec& spec) {
  return (spec.fragment & 0x1fff) != 0;
}

Bytes tcp_header(const FrameSpec& spec) {
  Bytes out(20 + spec.tcp_options, 1);  // options: no-operation
  out.insert(out.end(), spec.tcp_option_bytes.begin(), spec.tcp_option_bytes.end());
  put16(out, 0, spec.source_port);
  put16(out, 2, spec.destination_port);
  put32(out, 4, spec.sequence);
  put32(out, 8, spec.acknowledgement);
  out[12] = static_cast<uint8_t>(spec.data_offset.value_or(out.size() / 4) << 4);
  out[13] = spec.tcp_flags;
  put16(out, 14, 65000);
  put16(out, 16, 0);
  put16(out, 18, spec.urgent);
  return out;
}

Bytes udp_header(const FrameSpec& spec) {
  Bytes out(8);
  put16(out, 0, spec.source_port);
  put16(out, 2, spec.destination_port);
  put16(out, 4, spec.udp_length.value_or(static_cast<uint16_t>(8 + spec.payload.size())));
  return out;
}

Bytes transport(const FrameSpec& spec) {
  Bytes out;
  size_t checksum_at = 0;
  if (!is_fragment_tail(spec)) {
    if (spec.protocol == 6) {
      out = tcp_header(spec);
      checksum_at = 16;
    } else if (spec.protocol == 17) {
      out = udp_header(spec);
      checksum_at = spec.udp_checksum ? 6 : 0;
    } else if (spec.protocol == 1 || spec.protocol == 58) {
      out = {spec.icmp_type, spec.icmp_code, 0, 0, 0, 1, 0, 1};
      if (spec.icmp_mtu != 0) {
        put16(out, 4, 0);
        put16(out, 6, spec.icmp_mtu);
      }
      if (spec.icmp_rest) put32(out, 4, *spec.icmp_rest);
      checksum_at = 2;
    }
  }
  append(out, spec.payload.data(), spec.payload.size());
  if (checksum_at == 0) return out;
  const auto length = static_cast<uint32_t>(out.size());
  const uint32_t pseudo =
      spec.protocol == 1 ? 0
                         : slow_pseudo_header(spec.source, spec.destination, spec.protocol, length);
  uint16_t sum = slow_checksum(out.data(), out.size(), pseudo);
  if (spec.protocol == 17 && sum == 0) sum = 0xffff;
  put16(out, checksum_at, spec.bad_l4_checksum ? static_cast<uint16_t>(sum ^ 0x5555) : sum);
  return out;
}

void append_v4(Bytes& out, const FrameSpec& spec) {
  const Bytes l4 = transport(spec);
  Bytes ip(20 + spec.ip_options, 1);
  ip.insert(ip.end(), spec.ip_option_bytes.begin(), spec.ip_option_bytes.end());
  const auto words = static_cast<uint8_t>(ip.size() / 4);
  ip[0] = static_cast<uint8_t>(spec.version.value_or(4) << 4 | spec.header_words.value_or(words));
  ip[1] = spec.tos;
  put16(ip, 2, spec.ip_length.value_or(static_cast<uint16_t>(ip.size() + l4.size())));
  put16(ip, 4, spec.id);
  put16(ip, 6, spec.fragment);
  ip[8] = spec.ttl;
  ip[9] = spec.protocol;
  put16(ip, 10, 0);
  std::copy_n(spec.source.data(), 4, ip.begin() + 12);
  std::copy_n(spec.destination.data(), 4, ip.begin() + 16);
  const uint16_t sum = slow_checksum(ip.data(), ip.size());
  put16(ip, 10, spec.bad_ip_checksum ? static_cast<uint16_t>(sum ^ 0x5555) : sum);
  append(out, ip.data(), ip.size());
  append(out, l4.data(), l4.size());
}

void append_v6(Bytes& out, const FrameSpec& spec) {
  Bytes rest;
  for (size_t i = 0; i < spec.extensions.size(); ++i) {
    Bytes body = spec.extensions[i].body;
    body.at(0) = i + 1 < spec.extensions.size() ? spec.extensions[i + 1].type : spec.protocol;
    append(rest, body.data(), body.size());
  }
  const Bytes l4 = transport(spec);
  append(rest, l4.data(), l4.size());
  Bytes ip(8);
  ip[0] = static_cast<uint8_t>(spec.version.value_or(6) << 4);
  put16(ip, 4, spec.ip_length.value_or(static_cast<uint16_t>(rest.size())));
  ip[6] = spec.extensions.empty() ? spec.protocol : spec.extensions[0].type;
  ip[7] = spec.ttl;
  append(ip, spec.source.data(), 16);
  append(ip, spec.destination.data(), 16);
  append(out, ip.data(), ip.size());
  append(out, rest.data(), rest.size());
}

}  // namespace

Bytes build(const FrameSpec& spec) {
  Bytes out;
  append(out, spec.destination_mac.bytes.data(), 6);
  append(out, spec.source_mac.bytes.data(), 6);
  for (const uint16_t tag : spec.tags) {
    append16(out, tag);
    append16(out, 5);
  }
  const bool v4 = spec.source.is_v4();
  append16(out, spec.ether_type.value_or(v4 ? 0x0800 : 0x86dd));
  v4 ? append_v4(out, spec) : append_v6(out, spec);
  out.insert(out.end(), spec.padding, 0);
  for (const auto& [offset, value] : spec.patch) out.at(offset) = value;
  if (spec.truncate) out.resize(std::min(out.size(), *spec.truncate));
  return out;
}

Bytes build_arp(const MacAddress& sender_mac, const IpAddress& sender, const IpAddress& target) {
  Bytes out(6, 0xff);
  append(out, sender_mac.bytes.data(), 6);
  for (const uint16_t word : {0x0806, 1, 0x0800, 0x0604, 1}) append16(out, word);
  append(out, sender_mac.bytes.data(), 6);
  append(out, sender.data(), 4);
  out.insert(out.end(), 6, 0);
  append(out, target.data(), 4);
  return out;
}

}  // namespace lbd::test
