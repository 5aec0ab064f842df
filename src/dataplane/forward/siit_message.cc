// SPDX-License-Identifier: Apache-2.0
#include "dataplane/forward/siit_message.h"

#include <algorithm>
#include <array>

namespace lbd::siit {
namespace {

constexpr unsigned kDifference = sizeof(wire::Ipv6) - sizeof(wire::Ipv4);
constexpr uint8_t kNoField = 255;

/// RFC 7915 4.2 and 5.2, figures 3 and 6: where a header's field is in the other version.
uint8_t pointer_to_v6(uint8_t at) {
  constexpr std::array<uint8_t, 20> kMap = {0,        1, 4,  4,        kNoField, kNoField, kNoField,
                                            kNoField, 7, 6,  kNoField, kNoField, 8,        8,
                                            8,        8, 24, 24,       24,       24};
  return at < kMap.size() ? kMap[at] : kNoField;
}

uint8_t pointer_to_v4(uint32_t at) {
  constexpr std::array<uint8_t, 8> kMap = {0, 1, kNoField, kNoField, 2, 2, 9, 8};
  if (at < kMap.size()) return kMap[at];
  return at < 24 ? 12 : at < 40 ? 16 : kNoField;
}

wire::Icmp message(uint8_t type, uint8_t code) {
  wire::Icmp out{};
  out.type = type;
  out.code = code;
  return out;
}

/// RFC 1191 7.1: what a router that tells no MTU may have, by the length that did not pass.
uint32_t plateau_below(uint32_t length) {
  for (const uint32_t plateau : {8166u, 4352u, 2002u, 1492u, 1006u, 508u, 296u})
    if (plateau < length) return plateau;
  return 68;
}

wire::Icmp with_mtu(uint8_t type, uint8_t code, uint32_t told, uint16_t mtu) {
  wire::Icmp out = message(type, code);
  out.rest_low = Be16(static_cast<uint16_t>(std::min<uint32_t>(told, mtu)));
  return out;
}

std::optional<wire::Icmp> parameter_problem_to_v6(const wire::Icmp& icmp) {
  const uint8_t pointer = pointer_to_v6(static_cast<uint8_t>(icmp.rest_high.host() >> 8));
  if ((icmp.code != 0 && icmp.code != 2) || pointer == kNoField) return std::nullopt;
  wire::Icmp out = message(4, 0);
  out.rest_low = Be16(pointer);
  return out;
}

}  // namespace

std::optional<wire::Icmp> message_to_v6(const wire::Icmp& icmp, uint16_t mtu, uint16_t length) {
  if (icmp.type == 11) return message(3, icmp.code);
  if (icmp.type == 12) return parameter_problem_to_v6(icmp);
  switch (icmp.code) {
    case 2: {  // no such protocol: the next header's field is what was not understood
      wire::Icmp out = message(4, 1);
      out.rest_low = Be16(6);
      return out;
    }
    case 3:
      return message(1, 4);
    case 4: {
      const uint32_t told =
          icmp.rest_low.host() != 0 ? icmp.rest_low.host() : plateau_below(length);
      return with_mtu(2, 0, told + kDifference, mtu);
    }
    case 9:
    case 10:
    case 13:
    case 15:
      return message(1, 1);
    case 14:
      return std::nullopt;
    default:
      return icmp.code <= 12 ? std::optional(message(1, 0)) : std::nullopt;
  }
}

std::optional<wire::Icmp> message_to_v4(const wire::Icmp& icmp, uint16_t mtu) {
  const uint32_t rest = uint32_t{icmp.rest_high.host()} << 16 | icmp.rest_low.host();
  if (icmp.type == 3) return message(11, icmp.code);
  if (icmp.type == 2) return with_mtu(3, 4, rest > kDifference ? rest - kDifference : 0, mtu);
  if (icmp.type == 4) {
    if (icmp.code == 1) return message(3, 2);
    const uint8_t pointer = pointer_to_v4(rest);
    if (icmp.code != 0 || pointer == kNoField) return std::nullopt;
    wire::Icmp out = message(12, 0);
    out.rest_high = Be16(static_cast<uint16_t>(pointer << 8));
    return out;
  }
  constexpr std::array<uint8_t, 5> kUnreachable = {1, 10, 1, 1, 3};
  if (icmp.code >= kUnreachable.size()) return std::nullopt;
  return message(3, kUnreachable[icmp.code]);
}

}  // namespace lbd::siit
