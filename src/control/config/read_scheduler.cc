// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "control/config/map_reader.h"
#include "control/config/sections.h"

namespace lbd::config {
namespace {

constexpr int64_t kMaxTable = 131'071;

bool is_prime(int64_t n) {
  if (n < 2) return false;
  for (int64_t divisor = 2; divisor * divisor <= n; ++divisor)
    if (n % divisor == 0) return false;
  return true;
}

int64_t next_prime(int64_t n) {
  while (!is_prime(n)) ++n;
  return n;
}

SchedulerKind read_kind(MapReader& map) {
  const auto value = map.get("scheduler");
  if (!value) return SchedulerKind::kWlc;
  const std::string word = value->node().kind == Node::Kind::kScalar ? value->node().text : "";
  const auto found = std::find(kSchedulerNames.begin(), kSchedulerNames.end(), word);
  if (found != kSchedulerNames.end())
    return static_cast<SchedulerKind>(found - kSchedulerNames.begin());
  value->error(value->describe() + " is unknown",
               one_of({kSchedulerNames.begin(), kSchedulerNames.end()}));
  return SchedulerKind::kWlc;
}

void read_flag(const Value& item, Service& service) {
  struct Flag {
    SchedulerKind of;
    bool SchedulerOptions::*what;
  };
  const auto flag =
      choose<Flag>(item, {{"sh-fallback", {SchedulerKind::kSh, &SchedulerOptions::fallback}},
                          {"sh-port", {SchedulerKind::kSh, &SchedulerOptions::port}},
                          {"mh-fallback", {SchedulerKind::kMh, &SchedulerOptions::fallback}},
                          {"mh-port", {SchedulerKind::kMh, &SchedulerOptions::port}}});
  if (!flag) return;
  if (flag->of != service.scheduler)
    return item.error(item.node().text + " is a flag of " + std::string(name_of(flag->of)) +
                          ", but the scheduler is " + std::string(name_of(service.scheduler)),
                      "take it out, or write scheduler: " + std::string(name_of(flag->of)));
  if (service.scheduler_options.*flag->what)
    item.error(item.node().text + " is given twice", "take one out");
  service.scheduler_options.*flag->what = true;
}

}  // namespace

void read_scheduler(MapReader& map, Service& service) {
  service.scheduler = read_kind(map);
  if (const auto flags = map.get("scheduler_flags"))
    for (const Value& item : flags->list()) read_flag(item, service);
  const auto table = map.get("mh_table_size");
  if (!table) return;
  const auto size = table->number(2, kMaxTable);
  if (!size) return;
  if (!is_prime(*size))
    return table->error(std::to_string(*size) + " is no prime",
                        "write a prime, as " + std::to_string(next_prime(*size)));
  service.scheduler_options.table_size = static_cast<uint32_t>(*size);
}

}  // namespace lbd::config
