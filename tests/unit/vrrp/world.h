// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "vrrp/router.h"

// A network of directors without sockets and clocks: what one sends is put into a queue, with a
// delay, for all others, or lost.
namespace lbd::vrrp {

using std::chrono::milliseconds;

inline InstanceConfig instance(const std::string& name, uint8_t vrid, uint8_t priority,
                               uint32_t host) {
  InstanceConfig out;
  out.name = name;
  out.interface = "wan0";
  out.ifindex = 1;
  out.priority = priority;
  out.protocol.vrid = vrid;
  out.protocol.interval_cs = 10;
  out.protocol.source = IpAddress::v4_host(0xc0000200 + host);
  out.addresses.push_back({Prefix{IpAddress::v4_host(0xc0000214), 32}, 1, 1, {}, true, nullptr});
  return out;
}

struct Message {
  Time due;
  size_t to;
  uint8_t vrid;
  Advertisement advertisement;
  IpAddress from;
};

class World;

struct Director : Output {
  Director(World& in, size_t number)
      : world(in), index(number), router(*this, [this](const GroupConfig& group, State state) {
          log.push_back("group " + group.name + " " + std::string(to_text(state)));
        }) {}

  bool send(const Instance& instance, uint8_t priority) override;
  void take(const Instance& instance) override { hold(instance, true); }
  void drop(const Instance& instance) override { hold(instance, false); }
  void announce(const Instance& instance, const VirtualAddress&) override {
    ++announced;
    log.push_back(instance.config().name + " announce");
  }
  void changed(const Instance& instance, State, const std::string& reason) override {
    log.push_back(instance.config().name + " " + std::string(to_text(instance.state())));
    last_reason = reason;
  }
  void note(const Instance&, const std::string& text) override { notes.push_back(text); }
  void hold(const Instance& instance, bool on) {
    std::erase(held, instance.config().name);
    if (on) held.push_back(instance.config().name);
    log.push_back(instance.config().name + (on ? " take" : " drop"));
  }
  bool holds(const std::string& name) const { return std::ranges::find(held, name) != held.end(); }

  World& world;
  size_t index;
  Router router;
  bool alive = true;
  std::vector<std::string> held;
  std::vector<std::string> log;
  std::vector<std::string> notes;
  std::string last_reason;
  unsigned announced = 0;
};

class World {
 public:
  explicit World(unsigned seed = 1) : random(seed) {}

  Director& add(Plan plan) {
    directors.push_back(std::make_unique<Director>(*this, directors.size()));
    directors.back()->router.apply(std::move(plan), now);
    return *directors.back();
  }
  Director& add(InstanceConfig config) {
    Plan plan;
    plan.instances.push_back(std::move(config));
    return add(std::move(plan));
  }

  /// Lets time pass: whatever is due next happens next.
  void run(Time length) {
    const Time end = now + length;
    while (true) {
      Time next = end;
      for (const Message& message : wire) next = std::min(next, message.due);
      for (const auto& one : directors)
        if (one->alive) next = std::min(next, one->router.deadline());
      now = std::max(now, next);
      deliver();
      for (const auto& one : directors)
        if (one->alive) one->router.fire(now);
      if (next >= end && !due(end)) return;
    }
  }

  unsigned masters(const std::string& name = "VI") const {
    unsigned count = 0;
    for (const auto& one : directors)
      if (one->alive && one->holds(name)) ++count;
    return count;
  }

  void send(const Director& from, const Instance& instance, uint8_t priority) {
    for (size_t to = 0; to < directors.size(); ++to) {
      if (to == from.index || cut[from.index] || cut[to]) continue;
      if (random() % 100 < loss) continue;
      const Time delay = most_delay == Time{0} ? Time{0} : Time(random() % most_delay.count());
      wire.push_back({now + delay,
                      to,
                      instance.config().protocol.vrid,
                      {priority, instance.config().protocol.interval_cs, false},
                      instance.config().protocol.source});
    }
  }

  std::mt19937_64 random;
  Time now{1'000'000'000};
  std::vector<std::unique_ptr<Director>> directors;
  std::vector<Message> wire;
  std::array<bool, 8> cut{};
  unsigned loss = 0;  // percent
  Time most_delay{0};

 private:
  bool due(Time at) const {
    return std::ranges::any_of(wire, [at](const Message& one) { return one.due <= at; }) ||
           std::ranges::any_of(directors, [at](const auto& one) {
             return one->alive && one->router.deadline() <= at;
           });
  }
  void deliver() {
    for (size_t i = 0; i < wire.size();) {
      if (wire[i].due > now) {
        ++i;
        continue;
      }
      const Message message = wire[i];
      wire.erase(wire.begin() + static_cast<std::ptrdiff_t>(i));
      Director& to = *directors[message.to];
      if (!to.alive) continue;
      Instance* found = to.router.find(1, Family::kIpv4, message.vrid);
      if (found == nullptr) continue;
      found->receive(message.advertisement, message.from, now);
      to.router.settle(now);
    }
  }
};

inline bool Director::send(const Instance& instance, uint8_t priority) {
  log.push_back(instance.config().name + " send " + std::to_string(priority));
  world.send(*this, instance, priority);
  return true;
}

}  // namespace lbd::vrrp
