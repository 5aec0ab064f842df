// SPDX-License-Identifier: Apache-2.0
#include "tunnel_oracle.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace lbd::test {
namespace {

constexpr size_t kL3 = 14;

/// Collects what is wrong.
struct Faults {
  std::string text;
  void equal(const char* what, uint64_t got, uint64_t wanted) {
    if (got == wanted) return;
    text += fmt::format("{}{} is {:#x}, not {:#x}", text.empty() ? "" : "; ", what, got, wanted);
  }
};

/// What of an IP header the outer one is compared with.
struct Fields {
  uint8_t tos, ttl;
  uint64_t length;
  bool df;
};

Fields fields_of(const Bytes& frame, size_t at) {
  if (frame.at(at) >> 4 == 4)
    return {frame[at + 1], frame[at + 8], get16(frame, at + 2),
            (get16(frame, at + 6) & 0x4000) != 0};
  const auto tos = static_cast<uint8_t>(get16(frame, at) >> 4);
  const uint64_t length = 40u + get16(frame, at + 4);
  // RFC 4213 3.2: what is longer than every link takes must not be cut.
  return {tos, frame[at + 7], length, length > 1280};
}

void check_ports(const Bytes& frame, size_t udp, const IpAddress& from, const ServerSpec& server,
                 Faults& faults) {
  const size_t length = frame.size() - udp;
  faults.equal("gue: source port's top bits", get16(frame, udp) >> 14, 3);
  faults.equal("gue: destination port", get16(frame, udp + 2), server.tunnel_port);
  faults.equal("gue: UDP length", get16(frame, udp + 4), length);
  if (from.is_v4()) return faults.equal("gue: UDP checksum over IPv4", get16(frame, udp + 6), 0);
  const uint32_t pseudo =
      slow_pseudo_header(from, server.address, 17, static_cast<uint32_t>(length));
  faults.equal("gue: UDP sum", slow_sum(&frame.at(udp), length, pseudo), 0xffff);
}

}  // namespace

TunnelCheck take_off_tunnel(const Bytes& frame, const ServerSpec& server, const PortSpec& port) {
  Faults faults;
  const bool outer_v4 = server.address.is_v4();
  const size_t next = kL3 + (outer_v4 ? 20 : 40);
  const size_t inner = next + (server.tunnel == TunnelType::kGre   ? 4
                               : server.tunnel == TunnelType::kGue ? 12
                                                                   : 0);
  if (frame.size() < inner + 20) return {frame, "too short"};
  const bool inner_v4 = frame[inner] >> 4 == 4;
  const uint8_t carried = inner_v4 ? 4 : 41;
  faults.equal("EtherType", get16(frame, 12), outer_v4 ? 0x0800 : 0x86dd);

  const auto own = std::find_if(port.addresses.begin(), port.addresses.end(),
                                [&](const IpAddress& a) { return a.is_v4() == outer_v4; });
  const IpAddress from =
      outer_v4 ? IpAddress::v4(&frame[kL3 + 12]) : IpAddress::v6(&frame[kL3 + 8]);
  const IpAddress to = outer_v4 ? IpAddress::v4(&frame[kL3 + 16]) : IpAddress::v6(&frame[kL3 + 24]);
  faults.equal("outer source's being the port's", own != port.addresses.end() && *own == from,
               true);
  faults.equal("outer destination's being the server's", to == server.address, true);

  const Fields outer = fields_of(frame, kL3);
  const Fields within = fields_of(frame, inner);
  faults.equal("outer TOS", outer.tos, within.tos);
  faults.equal("outer TTL", outer.ttl, within.ttl);
  faults.equal("outer length", kL3 + outer.length, frame.size());
  faults.equal("inner length", inner + within.length, frame.size());
  const uint8_t protocol = server.tunnel == TunnelType::kGre   ? 47
                           : server.tunnel == TunnelType::kGue ? 17
                                                               : carried;
  faults.equal("outer protocol", frame[outer_v4 ? kL3 + 9 : kL3 + 6], protocol);
  if (outer_v4) {
    faults.equal("outer header's first byte", frame[kL3], 0x45);
    faults.equal("outer flags and offset", get16(frame, kL3 + 6), within.df ? 0x4000 : 0);
    faults.equal("outer header's sum", slow_sum(&frame[kL3], 20), 0xffff);
  }
  if (server.tunnel == TunnelType::kGre) {
    faults.equal("gre: flags and version", get16(frame, next), 0);
    faults.equal("gre: protocol", get16(frame, next + 2), inner_v4 ? 0x0800 : 0x86dd);
  } else if (server.tunnel == TunnelType::kGue) {
    check_ports(frame, next, from, server, faults);
    faults.equal("gue: version, type and length", frame[next + 8], 0);
    faults.equal("gue: protocol", frame[next + 9], carried);
    faults.equal("gue: flags", get16(frame, next + 10), 0);
  }
  Bytes alone(frame.begin(), frame.begin() + 12);
  alone.push_back(inner_v4 ? 0x08 : 0x86);
  alone.push_back(inner_v4 ? 0x00 : 0xdd);
  alone.insert(alone.end(), frame.begin() + static_cast<long>(inner), frame.end());
  return {std::move(alone), std::move(faults.text)};
}

}  // namespace lbd::test
