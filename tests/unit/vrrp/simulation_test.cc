// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "world.h"

namespace lbd::vrrp {
namespace {

/// One random life of two or three directors: messages are lost and late, networks cut, machines
/// stop, step down, fail and come back. Then all is well again, and there must be one master.
class Life {
 public:
  explicit Life(unsigned seed) : world_(seed) {
    const size_t count = 2 + pick(2);
    const bool equal = pick(2) == 0;
    preempt_ = pick(4) != 0;
    for (size_t i = 0; i < count; ++i) {
      InstanceConfig config = instance("VI", 1, equal ? 100 : static_cast<uint8_t>(100 + 50 * i),
                                       static_cast<uint32_t>(11 + i));
      config.preempt = preempt_;
      config.tracks = {{"script", 0}};
      world_.add(config);
      world_.directors.back()->router.track("script", true, world_.now);
      if (pick(2) == 0) world_.run(milliseconds(pick(400)));
    }
  }

  void suffer(unsigned events) {
    world_.loss = static_cast<unsigned>(pick(60));
    world_.most_delay = milliseconds(pick(150));
    for (unsigned i = 0; i < events; ++i) {
      happen();
      world_.run(milliseconds(pick(250)));
      check();
    }
  }

  void heal() {
    world_.loss = 0;
    world_.most_delay = Time{0};
    world_.cut = {};
    for (const auto& director : world_.directors) {
      director->alive = true;
      director->router.track("script", true, world_.now);
      director->router.set_maintenance(false, world_.now);
    }
    // Late messages arrive, and the longest master_down passes: a stranger may have told an
    // interval of 200 ms, so three of them and the skew time of priority 100.
    world_.run(milliseconds(150));
    world_.run(milliseconds(3 * 200 + 200 * 156 / 256));
  }

  void check_one_master() {
    check();
    ASSERT_EQ(world_.masters(), 1u);
  }

 private:
  uint64_t pick(uint64_t below) { return below == 0 ? 0 : world_.random() % below; }

  void happen() {
    Director& one = *world_.directors[pick(world_.directors.size())];
    switch (pick(7)) {
      case 0:
        world_.cut[one.index] = !world_.cut[one.index];
        break;
      case 1:
        one.alive = !one.alive;  // hangs, and goes on later with what it believed
        break;
      case 2:
        one.router.find("VI")->step_down(world_.now, "step-down");
        break;
      case 3:
        one.router.track("script", pick(2) == 0, world_.now);
        break;
      case 4:
        one.router.set_maintenance(pick(2) == 0, world_.now);
        break;
      case 5:
        one.router.find("VI")->receive(
            {static_cast<uint8_t>(pick(256)), static_cast<uint32_t>(1 + pick(20)), false},
            IpAddress::v4_host(static_cast<uint32_t>(0xc0000250 + pick(4))), world_.now);
        one.router.settle(world_.now);
        break;
      default:
        break;
    }
  }

  /// What holds at every moment.
  void check() {
    for (const auto& director : world_.directors) {
      const Instance& one = *director->router.instances().front();
      ASSERT_EQ(director->holds("VI"), one.state() == State::kMaster);
      // Something is due in every state but FAULT: nobody sleeps for ever.
      if (one.state() != State::kFault) {
        ASSERT_NE(one.deadline(), kNever);
      }
      ASSERT_EQ(one.state() == State::kFault, !one.tracking().fault().empty());
    }
  }

  World world_;
  bool preempt_ = true;
};

TEST(Simulation, hundred_thousand_lives_end_with_one_master) {
  for (unsigned seed = 0; seed < 100'000; ++seed) {
    Life life(seed);
    life.suffer(6);
    life.heal();
    life.check_one_master();
    ASSERT_FALSE(HasFatalFailure()) << "seed " << seed;
  }
}

TEST(Simulation, the_best_one_wins_whatever_the_order_of_starts) {
  std::vector<uint32_t> order{11, 12, 13};
  do {
    for (const bool equal : {true, false}) {
      World world;
      for (const uint32_t host : order) {
        world.add(instance("VI", 1, equal ? 100 : static_cast<uint8_t>(90 + host), host));
        world.run(milliseconds(150));
      }
      world.run(milliseconds(1000));
      EXPECT_EQ(world.masters(), 1u);
      const auto best = std::ranges::find(order, 13u) - order.begin();
      // Equal priorities: who is master stays it.
      if (!equal) {
        EXPECT_TRUE(world.directors[static_cast<size_t>(best)]->holds("VI"));
      }
    }
  } while (std::ranges::next_permutation(order).found);
}

}  // namespace
}  // namespace lbd::vrrp
