// SPDX-License-Identifier: Apache-2.0
#include "dataplane/tcp_state.h"

namespace lbd {
namespace {

size_t index_of(TcpState state) {
  return static_cast<size_t>(state);
}

}  // namespace

std::string_view state_name(uint8_t state) {
  static constexpr std::array<std::string_view, kConnectionStates> kNames = {
      "NONE",       "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT", "TIME_WAIT", "CLOSE",
      "CLOSE_WAIT", "LAST_ACK",    "LISTEN",   "SYNACK",   "UDP",      "ICMP"};
  return kNames[state];
}

TimeoutTable::TimeoutTable(const TimeoutsMs& milliseconds) {
  const auto set = [this](size_t state, uint64_t ms) { ticks_[state] = ticks_for_timeout(ms); };
  using enum TcpState;
  set(index_of(kNone), milliseconds.close);  // never kept: a connection begins with a SYN
  set(index_of(kEstablished), milliseconds.established);
  set(index_of(kSynSent), milliseconds.syn_sent);
  set(index_of(kSynRecv), milliseconds.syn_recv);
  set(index_of(kFinWait), milliseconds.fin);
  set(index_of(kTimeWait), milliseconds.fin);
  set(index_of(kClose), milliseconds.close);
  set(index_of(kCloseWait), 60'000);
  set(index_of(kLastAck), 30'000);
  set(index_of(kListen), 120'000);
  set(index_of(kSynAck), 120'000);
  set(kStateUdp, milliseconds.udp);
  set(kStateIcmp, milliseconds.icmp);
}

}  // namespace lbd
