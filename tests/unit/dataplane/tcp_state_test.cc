// SPDX-License-Identifier: Apache-2.0
#include "dataplane/tcp_state.h"

#include <gtest/gtest.h>

#include <span>
#include <sstream>
#include <string>

#include "common/wire.h"

namespace lbd {
namespace {

// The table as the documentation of IPVS' behaviour writes it.
struct Row {
  const char* name;
  TcpEvent event;
  const char* next;
};
constexpr const char* kColumns = "NO ES SS SR FW TW CL CW LA LI SA";
constexpr Row kInput[] = {
    {"syn", TcpEvent::kSyn, "SR ES ES SR SR SR SR SR SR SR SR"},
    {"fin", TcpEvent::kFin, "CL CW SS TW TW TW CL CW LA LI TW"},
    {"ack", TcpEvent::kAck, "ES ES SS ES FW TW CL CW CL LI ES"},
    {"rst", TcpEvent::kRst, "CL CL CL SR CL CL CL CL LA LI SR"},
    {"none", TcpEvent::kNone, kColumns},
};
constexpr Row kOutput[] = {
    {"syn", TcpEvent::kSyn, "SS ES SS SR SS SS SS SS SS LI SR"},
    {"fin", TcpEvent::kFin, "TW FW SS TW FW TW CL TW LA LI TW"},
    {"ack", TcpEvent::kAck, "ES ES SS ES FW TW CL CW LA ES ES"},
    {"rst", TcpEvent::kRst, "CL CL SS CL CL TW CL CL CL CL CL"},
    {"none", TcpEvent::kNone, kColumns},
};
constexpr Row kInputOnly[] = {
    {"syn", TcpEvent::kSyn, "SR ES ES SR SR SR SR SR SR SR SR"},
    {"fin", TcpEvent::kFin, "CL FW SS TW FW TW CL CW LA LI TW"},
    {"ack", TcpEvent::kAck, "ES ES SS ES FW TW CL CW CL LI ES"},
    {"rst", TcpEvent::kRst, "CL CL CL SR CL CL CL CL LA LI CL"},
    {"none", TcpEvent::kNone, kColumns},
};

std::string abbreviation(TcpState state) {
  static const char* const kNames[] = {"NO", "ES", "SS", "SR", "FW", "TW",
                                       "CL", "CW", "LA", "LI", "SA"};
  return kNames[static_cast<size_t>(state)];
}

void expect_rows(TcpView view, std::span<const Row> rows) {
  for (const Row& row : rows) {
    std::string got;
    for (unsigned state = 0; state < kTcpStates; ++state) {
      if (state > 0) got += ' ';
      got += abbreviation(next_state(view, static_cast<TcpState>(state), row.event));
    }
    EXPECT_EQ(got, row.next) << row.name;
  }
}

TEST(TcpState, FollowsTheTablesRowByRow) {
  expect_rows(TcpView::kInput, kInput);
  expect_rows(TcpView::kOutput, kOutput);
  expect_rows(TcpView::kInputOnly, kInputOnly);
}

TEST(TcpState, ColumnsAreInOrder) {
  std::istringstream columns(kColumns);
  for (unsigned state = 0; state < kTcpStates; ++state) {
    std::string column;
    columns >> column;
    EXPECT_EQ(abbreviation(static_cast<TcpState>(state)), column);
  }
}

TEST(TcpState, FlagsHaveTheirPrecedence) {
  using namespace wire;
  for (unsigned flags = 0; flags < 256; ++flags) {
    TcpEvent expected = TcpEvent::kNone;
    if (flags & kTcpAck) expected = TcpEvent::kAck;
    if (flags & kTcpFin) expected = TcpEvent::kFin;
    if (flags & kTcpSyn) expected = TcpEvent::kSyn;
    if (flags & kTcpRst) expected = TcpEvent::kRst;
    EXPECT_EQ(tcp_event(static_cast<uint8_t>(flags)), expected) << flags;
  }
}

TEST(TcpState, ClassesOfStates) {
  std::string active, half_open, reused;
  for (unsigned state = 0; state < kTcpStates; ++state) {
    const auto which = static_cast<TcpState>(state);
    if (is_active(which)) active += abbreviation(which);
    if (is_half_open(which)) half_open += abbreviation(which);
    if (is_reused_by_syn(which)) reused += abbreviation(which);
  }
  EXPECT_EQ(active, "ESSSSRSA");
  EXPECT_EQ(half_open, "SSSRSA");
  EXPECT_EQ(reused, "FWTWCL");
}

TEST(TcpState, NamesAsPeopleKnowThem) {
  const char* const names[] = {"NONE",      "ESTABLISHED", "SYN_SENT",   "SYN_RECV", "FIN_WAIT",
                               "TIME_WAIT", "CLOSE",       "CLOSE_WAIT", "LAST_ACK", "LISTEN",
                               "SYNACK",    "UDP",         "ICMP"};
  for (uint8_t state = 0; state < kConnectionStates; ++state)
    EXPECT_EQ(state_name(state), names[state]);
}

TEST(TimeoutTable, HasEachStatesTimeOut) {
  TimeoutsMs config;
  config.syn_recv = 1'000;
  config.udp = 2'000;
  const TimeoutTable table(config);
  const auto seconds = [&](TcpState state) {
    return (table.of(static_cast<uint8_t>(state)) - 1) * kTickMs / 1'000.0;
  };
  EXPECT_NEAR(seconds(TcpState::kEstablished), 900, 0.064);
  EXPECT_NEAR(seconds(TcpState::kSynSent), 120, 0.064);
  EXPECT_NEAR(seconds(TcpState::kSynRecv), 1, 0.064);
  EXPECT_NEAR(seconds(TcpState::kFinWait), 120, 0.064);
  EXPECT_NEAR(seconds(TcpState::kTimeWait), 120, 0.064);
  EXPECT_NEAR(seconds(TcpState::kClose), 10, 0.064);
  EXPECT_NEAR(seconds(TcpState::kCloseWait), 60, 0.064);
  EXPECT_NEAR(seconds(TcpState::kLastAck), 30, 0.064);
  EXPECT_NEAR(seconds(TcpState::kListen), 120, 0.064);
  EXPECT_NEAR(seconds(TcpState::kSynAck), 120, 0.064);
  EXPECT_EQ(table.of(kStateUdp), ticks_for_timeout(2'000));
  EXPECT_EQ(table.of(kStateIcmp), ticks_for_timeout(60'000));
}

}  // namespace
}  // namespace lbd
