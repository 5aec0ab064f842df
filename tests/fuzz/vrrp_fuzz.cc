// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <variant>
#include <vector>

#include "vrrp/packet.h"

// Any payload, with any TTL, to any of a few virtual routers: nothing may crash, and what is
// believed must be what its own builder would have made of it.
namespace lbd::vrrp {
namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

IpAddress ip(const char* text) {
  return *IpAddress::parse(text);
}

Protocol router(uint8_t version, bool v6, bool secret, bool unicast) {
  Protocol out;
  out.family = v6 ? Family::kIpv6 : Family::kIpv4;
  out.version = version;
  out.vrid = 51;
  out.interval_cs = 100;
  out.group = ip(v6 ? "ff02::12" : "224.0.0.18");
  out.source = ip(v6 ? "fe80::1" : "192.0.2.11");
  out.addresses = {ip(v6 ? "fe80::20" : "192.0.2.20")};
  out.sorted_addresses = out.addresses;
  if (secret) out.password = Password{'s', 'e', 'c', 'r', 'e', 't', 0, 0};
  if (unicast) out.peers = {ip(v6 ? "fe80::2" : "192.0.2.12")};
  return out;
}

void hear(const Protocol& ours, uint8_t ttl, std::span<const uint8_t> payload) {
  Protocol theirs = ours;
  theirs.source = ip(ours.family == Family::kIpv6 ? "fe80::2" : "192.0.2.12");
  const IpAddress destination = ours.peers.empty() ? ours.group : ours.source;
  const auto heard = read({theirs.source, destination, ttl, payload}, ours);
  (void)claimed_vrid(payload);
  const auto* advertisement = std::get_if<Advertisement>(&heard);
  if (advertisement == nullptr) {
    check(std::get<ErrorKind>(heard) < ErrorKind::kCount);
    return;
  }
  check(payload.size() >= sizeof(Header) && payload[0] >> 4 == ours.version);
  check(advertisement->interval_cs > 0 && advertisement->interval_cs <= 25500);
  check(ttl == kTtl || !ours.peers.empty());
  if (advertisement->addresses_differ || payload[1] != ours.vrid) return;
  // Of the same shape: as long as what we would build.
  theirs.interval_cs = advertisement->interval_cs;
  check(build(theirs, advertisement->priority, destination).size() == payload.size());
}

}  // namespace
}  // namespace lbd::vrrp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const uint8_t ttl = data[0];
  const std::vector<uint8_t> payload(data + 1, data + size);
  using lbd::vrrp::hear;
  using lbd::vrrp::router;
  for (const bool unicast : {false, true}) {
    hear(router(2, false, false, unicast), ttl, payload);
    hear(router(2, false, true, unicast), ttl, payload);
    hear(router(3, false, false, unicast), ttl, payload);
    hear(router(3, true, false, unicast), ttl, payload);
  }
  return 0;
}
