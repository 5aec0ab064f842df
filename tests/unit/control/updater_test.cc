// SPDX-License-Identifier: Apache-2.0
#include "control/updater.h"

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <string>
#include <thread>
#include <vector>

#include "make_services.h"

namespace lbd {
namespace {

using MaybeState = std::optional<DesiredState>;
using test::make_service;

/// An updater of two workers that are offline, so that nobody holds up a publication.
class UpdaterTest : public testing::Test {
 protected:
  Updater::Hooks hooks() {
    return {[this](DesiredState& state) -> Status {
              EXPECT_EQ(std::this_thread::get_id(), control_);
              if (fail_prepare_) return Error{"no room"};
              fill_next_hops(state, [](const RealServer&) { return NextHopId{1}; });
              return Done{};
            },
            [this] {
              ++asked_addresses_;
              return own_;
            },
            [this](const Snapshot& before) { replaced_.push_back(before.generation); }};
  }
  Updater::Change to(std::vector<config::Service> services) {
    return
        [this, services = std::move(services)](const DesiredState& present) -> Result<MaybeState> {
          EXPECT_NE(std::this_thread::get_id(), control_);
          return MaybeState(apply_services(present, services, Clock::now()).value());
        };
  }
  Updater::Finished note(const std::string& name) {
    return [this, name](const Status& status) {
      EXPECT_EQ(std::this_thread::get_id(), control_);
      finished_.push_back(name + (status ? "" : ": " + status.error().message));
    };
  }
  /// Runs the loop until `count` changes have finished.
  void run_until(size_t count) {
    while (finished_.size() < count) {
      if (io_.run_one_for(std::chrono::seconds(10)) == 0) break;
    }
    ASSERT_EQ(finished_.size(), count);
  }
  uint64_t generation() { return publisher_.current()->generation; }

  const std::thread::id control_ = std::this_thread::get_id();
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};
  Publisher publisher_{2};
  std::vector<std::string> finished_;
  std::vector<uint64_t> replaced_;
  std::vector<OwnAddress> own_;
  unsigned asked_addresses_ = 0;
  bool fail_prepare_ = false;
  Updater updater_{io_, publisher_, 2, hooks()};
};

TEST_F(UpdaterTest, AChangeIsInForceWhenItIsFinished) {
  updater_.submit(to({make_service("a", {{"10.0.0.1", 1}})}), note("first"));
  EXPECT_EQ(updater_.state().find("a"), nullptr);
  run_until(1);
  EXPECT_NE(updater_.state().find("a"), nullptr);
  EXPECT_EQ(generation(), 1u);
  EXPECT_EQ(publisher_.current()->services[0]->candidates[0].next_hop, 1u);
  EXPECT_EQ(replaced_, std::vector<uint64_t>{0});
}

TEST_F(UpdaterTest, ChangesComeOneAfterTheOther) {
  updater_.submit(to({make_service("a", {})}), note("1"));
  updater_.submit(
      [](const DesiredState& present) -> Result<MaybeState> {
        EXPECT_NE(present.find("a"), nullptr);  // it sees what the first one did
        return MaybeState();
      },
      note("2"));
  updater_.submit(to({make_service("b", {})}), note("3"));
  run_until(3);
  EXPECT_EQ(finished_, (std::vector<std::string>{"1", "2", "3"}));
  EXPECT_EQ(generation(), 2u);  // the second one had nothing to publish
  EXPECT_EQ(updater_.state().find("a"), nullptr);
}

TEST_F(UpdaterTest, ARefusedChangeChangesNothing) {
  updater_.submit(to({make_service("a", {})}), note("1"));
  updater_.submit([](const DesiredState&) -> Result<MaybeState> { return Error{"bad file"}; },
                  note("2"));
  run_until(2);
  EXPECT_EQ(finished_[1], "2: bad file");
  fail_prepare_ = true;
  updater_.submit(to({make_service("b", {})}), note("3"));
  run_until(3);
  EXPECT_EQ(finished_[2], "3: no room");
  EXPECT_EQ(generation(), 1u);
  EXPECT_NE(updater_.state().find("a"), nullptr);
}

TEST_F(UpdaterTest, OneRefreshServesManyAddresses) {
  const IpAddress address = *IpAddress::parse("192.0.2.11");
  own_ = {{0, address}};
  for (int n = 0; n < 5; ++n) updater_.refresh();
  updater_.submit(to({make_service("a", {})}), note("last"));
  run_until(1);
  EXPECT_EQ(asked_addresses_, 2u);
  EXPECT_EQ(generation(), 2u);
  ASSERT_NE(publisher_.current()->addresses.find(address), nullptr);
  updater_.refresh();  // and a later one is not lost
  updater_.submit(to({}), note("end"));
  run_until(2);
  EXPECT_EQ(asked_addresses_, 4u);
}

TEST_F(UpdaterTest, EndsWithChangesStillWaiting) {
  for (int n = 0; n < 10; ++n) updater_.submit(to({make_service("a", {})}), note("never"));
}

}  // namespace
}  // namespace lbd
