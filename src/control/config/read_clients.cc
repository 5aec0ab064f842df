// SPDX-License-Identifier: Apache-2.0
#include "control/config/map_reader.h"
#include "control/config/sections.h"

namespace lbd::config {
namespace {

constexpr Milliseconds kLeastPersistence{1'000};
constexpr Milliseconds kMostPersistence{31LL * 24 * 3'600'000};  // as in keepalived
constexpr int64_t kMostPerSecond = 1'000'000'000;

Persistence read_persistence(const Value& value) {
  MapReader map(value);
  Persistence out;
  const auto timeout = map.require("timeout", "write how long a client keeps its server, as 50s");
  if (timeout) out.timeout = timeout->duration(kLeastPersistence, kMostPersistence);
  out.prefix4 = static_cast<uint8_t>(map.number("prefix4", 1, 32, out.prefix4));
  out.prefix6 = static_cast<uint8_t>(map.number("prefix6", 1, 128, out.prefix6));
  out.keep_quiesced =
      map.choice<bool>("on_quiesce", {{"keep", true}, {"expire", false}}, out.keep_quiesced);
  map.finish();
  return out;
}

RateLimits read_limits(const Value& value) {
  MapReader map(value);
  RateLimits out;
  out.service = static_cast<uint32_t>(map.number("new_per_second", 0, kMostPerSecond, 0));
  out.client = static_cast<uint32_t>(map.number("new_per_second_per_client", 0, kMostPerSecond, 0));
  map.finish();
  return out;
}

}  // namespace

void read_clients(MapReader& map, Service& service) {
  if (const auto value = map.get("persistence"); value && !value->says("off"))
    service.persistence = read_persistence(*value);
  if (const auto limits = map.get("limits")) service.limits = read_limits(*limits);
  const auto value = map.get("one_packet");
  if (!value) return;
  service.one_packet = value->boolean().value_or(false);
  if (service.one_packet && service.protocol != Protocol::kUdp)
    value->error("one_packet is for udp, but the protocol is tcp",
                 "take it out, or write protocol: udp");
}

}  // namespace lbd::config
