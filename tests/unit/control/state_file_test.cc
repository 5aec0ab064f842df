// SPDX-License-Identifier: Apache-2.0
#include "control/state_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "control/override_state.h"
#include "make_services.h"

namespace lbd {
namespace {

namespace fs = std::filesystem;
using Json = StateFile::Json;

class StateFileTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/lbd-state-XXXXXX";
    directory_ = ::mkdtemp(name);
    path_ = directory_ + "/deep/state";
  }
  void TearDown() override { fs::remove_all(directory_); }
  void put(const std::string& text) {
    fs::create_directories(fs::path(path_).parent_path());
    std::ofstream(path_) << text;
  }
  std::string get() const {
    std::ostringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }
  Json after_restart(const std::string& section) { return StateFile(io_, path_).section(section); }

  boost::asio::io_context io_;
  std::string directory_;
  std::string path_;
};

TEST_F(StateFileTest, ManyChangesAreWrittenOnceAndFoundAgain) {
  StateFile file(io_, path_);
  int made = 0;
  file.provide("a", [&made] { return Json{{"made", ++made}}; });
  EXPECT_TRUE(file.section("a").is_null());
  for (int n = 0; n < 100; ++n) file.changed();
  io_.run();
  file.close();
  EXPECT_EQ(made, 1);
  EXPECT_EQ(after_restart("a"), (Json{{"made", 1}}));
  EXPECT_FALSE(fs::exists(path_ + ".new"));
}

TEST_F(StateFileTest, TheEndWritesWhatIsDue) {
  StateFile file(io_, path_);
  file.provide("a", [] { return Json(7); });
  file.changed();
  file.close();
  EXPECT_EQ(after_restart("a"), Json(7));
}

TEST_F(StateFileTest, NothingChangedNothingWritten) {
  StateFile file(io_, path_);
  file.provide("a", [] { return Json(7); });
  file.close();
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(StateFileTest, OffReadsAndWritesNothing) {
  StateFile file(io_, "");
  file.provide("a", [] { return Json(7); });
  file.changed();
  io_.run();
  EXPECT_FALSE(file.on());
}

TEST_F(StateFileTest, SectionsOfOthersAreKept) {
  put(R"({"lbd_state": 1, "vrrp": {"x": 1}, "a": 1})");
  {
    StateFile file(io_, path_);
    file.provide("a", [] { return Json(2); });
    file.changed();
  }
  EXPECT_EQ(after_restart("vrrp"), (Json{{"x", 1}}));
  EXPECT_EQ(after_restart("a"), Json(2));
}

TEST_F(StateFileTest, ABadFileIsPutAside) {
  for (const char* text :
       {"", "{", "[]", "7", "{}", R"({"lbd_state": 2, "a": 1})", R"({"lbd_state": "1"})",
        "{\"lbd_state\": 1, \"a\": [1, 2", "\xff\xfe\x00 junk"}) {
    put(text);
    EXPECT_TRUE(after_restart("a").is_null()) << text;
    EXPECT_FALSE(fs::exists(path_)) << text;
    EXPECT_TRUE(fs::exists(path_ + ".bad")) << text;
    fs::remove(path_ + ".bad");
  }
}

TEST_F(StateFileTest, AFileThatCannotBeWrittenHarmsNobody) {
  put("");
  fs::remove(path_);
  fs::create_directories(path_ + ".new");
  StateFile file(io_, path_);
  file.provide("a", [] { return Json(7); });
  file.changed();
  file.close();
  EXPECT_FALSE(fs::exists(path_));
}

// --- Overrides in it.

using std::chrono::seconds;

TEST(OverrideState, ComesBackWithItsTime) {
  const BothClocks before{Clock::time_point(seconds(1000)),
                          std::chrono::system_clock::time_point(seconds(5000))};
  const OverrideKey one{"a", test::key_of("10.0.0.1")};
  const OverrideKey two{"b", {*IpAddress::parse("2001:db8::1"), uint16_t{80}}};
  const std::map<OverrideKey, Override> all{{one, {7, false, before.steady + seconds(60)}},
                                            {two, {std::nullopt, true, std::nullopt}}};
  // 40 s later, after a restart of the machine.
  const BothClocks after{Clock::time_point(seconds(3)),
                         std::chrono::system_clock::time_point(seconds(5040))};
  std::vector<std::string> complaints;
  const auto back = overrides_from_json(overrides_to_json(all, before), after, complaints);
  EXPECT_TRUE(complaints.empty());
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back.at(one), (Override{7, false, after.steady + seconds(20)}));
  EXPECT_EQ(back.at(two), (Override{std::nullopt, true, std::nullopt}));
  const BothClocks late{Clock::time_point(seconds(3)),
                        std::chrono::system_clock::time_point(seconds(5061))};
  EXPECT_EQ(overrides_from_json(overrides_to_json(all, before), late, complaints).size(), 1u);
}

TEST(OverrideState, WhatCannotBeReadIsLeftOut) {
  const auto json = Json::parse(R"([7, {}, {"service": "a", "server": "x"},
    {"service": "a", "server": "10.0.0.1", "weight": 70000},
    {"service": "a", "server": "10.0.0.1", "weight": "7"},
    {"service": "a", "server": "10.0.0.2", "weight": 7}])");
  std::vector<std::string> complaints;
  EXPECT_EQ(overrides_from_json(json, {}, complaints).size(), 1u);
  EXPECT_EQ(complaints.size(), 5u);
  EXPECT_TRUE(overrides_from_json(Json{{"a", 1}}, {}, complaints).empty());
  EXPECT_EQ(complaints.size(), 6u);
}

}  // namespace
}  // namespace lbd
