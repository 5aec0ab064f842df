// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/wire.h"
#include "dataplane/tick.h"

// The TCP states of a connection as IPVS keeps them (net/netfilter/ipvs/ip_vs_proto_tcp.c). A
// director is no end of the connection: it follows by flags alone.
namespace lbd {

enum class TcpState : uint8_t {
  kNone,
  kEstablished,
  kSynSent,
  kSynRecv,
  kFinWait,
  kTimeWait,
  kClose,
  kCloseWait,
  kLastAck,
  kListen,
  kSynAck,
};
inline constexpr unsigned kTcpStates = 11;

/// Values of Connection::state beside TcpState's, for protocols without states.
inline constexpr uint8_t kStateUdp = 11;
inline constexpr uint8_t kStateIcmp = 12;
inline constexpr unsigned kConnectionStates = 13;

/// "ESTABLISHED", "SYN_RECV", ... and "UDP", "ICMP"; takes Connection::state.
std::string_view state_name(uint8_t state);

enum class TcpEvent : uint8_t { kSyn, kFin, kAck, kRst, kNone };

/// By precedence: rst, syn, fin, ack (tcp_state_idx() of IPVS). `flags`: the TCP header's byte.
constexpr TcpEvent tcp_event(uint8_t flags) {
  if (flags & wire::kTcpRst) return TcpEvent::kRst;
  if (flags & wire::kTcpSyn) return TcpEvent::kSyn;
  if (flags & wire::kTcpFin) return TcpEvent::kFin;
  return flags & wire::kTcpAck ? TcpEvent::kAck : TcpEvent::kNone;
}

namespace tcp_table {
using enum TcpState;
using Row = std::array<TcpState, kTcpStates>;
// clang-format off
// By event; columns: the present state, in the order of TcpState.

/// The client's packets, where the server's are seen too.
inline constexpr std::array<Row, 5> kInput = {{
    /* syn  */ {kSynRecv, kEstablished, kEstablished, kSynRecv, kSynRecv, kSynRecv,
                kSynRecv, kSynRecv, kSynRecv, kSynRecv, kSynRecv},
    /* fin  */ {kClose, kCloseWait, kSynSent, kTimeWait, kTimeWait, kTimeWait,
                kClose, kCloseWait, kLastAck, kListen, kTimeWait},
    /* ack  */ {kEstablished, kEstablished, kSynSent, kEstablished, kFinWait, kTimeWait,
                kClose, kCloseWait, kClose, kListen, kEstablished},
    /* rst  */ {kClose, kClose, kClose, kSynRecv, kClose, kClose,
                kClose, kClose, kLastAck, kListen, kSynRecv},
    /* none */ {kNone, kEstablished, kSynSent, kSynRecv, kFinWait, kTimeWait,
                kClose, kCloseWait, kLastAck, kListen, kSynAck},
}};
/// The server's packets.
inline constexpr std::array<Row, 5> kOutput = {{
    /* syn  */ {kSynSent, kEstablished, kSynSent, kSynRecv, kSynSent, kSynSent,
                kSynSent, kSynSent, kSynSent, kListen, kSynRecv},
    /* fin  */ {kTimeWait, kFinWait, kSynSent, kTimeWait, kFinWait, kTimeWait,
                kClose, kTimeWait, kLastAck, kListen, kTimeWait},
    /* ack  */ {kEstablished, kEstablished, kSynSent, kEstablished, kFinWait, kTimeWait,
                kClose, kCloseWait, kLastAck, kEstablished, kEstablished},
    /* rst  */ {kClose, kClose, kSynSent, kClose, kClose, kTimeWait,
                kClose, kClose, kClose, kClose, kClose},
    /* none */ {kNone, kEstablished, kSynSent, kSynRecv, kFinWait, kTimeWait,
                kClose, kCloseWait, kLastAck, kListen, kSynAck},
}};
/// The client's packets, where they are all that is seen.
inline constexpr std::array<Row, 5> kInputOnly = {{
    /* syn  */ {kSynRecv, kEstablished, kEstablished, kSynRecv, kSynRecv, kSynRecv,
                kSynRecv, kSynRecv, kSynRecv, kSynRecv, kSynRecv},
    /* fin  */ {kClose, kFinWait, kSynSent, kTimeWait, kFinWait, kTimeWait,
                kClose, kCloseWait, kLastAck, kListen, kTimeWait},
    /* ack  */ {kEstablished, kEstablished, kSynSent, kEstablished, kFinWait, kTimeWait,
                kClose, kCloseWait, kClose, kListen, kEstablished},
    /* rst  */ {kClose, kClose, kClose, kSynRecv, kClose, kClose,
                kClose, kClose, kLastAck, kListen, kClose},
    /* none */ {kNone, kEstablished, kSynSent, kSynRecv, kFinWait, kTimeWait,
                kClose, kCloseWait, kLastAck, kListen, kSynAck},
}};
// clang-format on
}  // namespace tcp_table

/// Which packets a state follows.
enum class TcpView : uint8_t {
  kInputOnly,  // the client's, and no others come by
  kInput,      // the client's
  kOutput,     // the server's
};

/// The next state. A segment with none of the four flags changes nothing (IPVS closes there; no end
/// would).
constexpr TcpState next_state(TcpView view, TcpState state, TcpEvent event) {
  const auto& table = view == TcpView::kInputOnly ? tcp_table::kInputOnly
                      : view == TcpView::kInput   ? tcp_table::kInput
                                                  : tcp_table::kOutput;
  return table[static_cast<size_t>(event)][static_cast<size_t>(state)];
}

/// The next state where only the client's packets are seen (dr and tunnels: INPUT_ONLY of IPVS).
constexpr TcpState next_state_input_only(TcpState state, TcpEvent event) {
  return next_state(TcpView::kInputOnly, state, event);
}

/// Counted as active: ESTABLISHED, SYN_SENT, SYN_RECV, SYNACK; the rest are inactive.
constexpr bool is_active(TcpState state) {
  return state == TcpState::kEstablished || state == TcpState::kSynSent ||
         state == TcpState::kSynRecv || state == TcpState::kSynAck;
}

/// Before the handshake's end.
constexpr bool is_half_open(TcpState state) {
  return state == TcpState::kSynSent || state == TcpState::kSynRecv || state == TcpState::kSynAck;
}

/// A SYN for a connection in this state begins a new connection (scheduled anew).
constexpr bool is_reused_by_syn(TcpState state) {
  return state == TcpState::kTimeWait || state == TcpState::kClose || state == TcpState::kFinWait;
}

/// Time-outs in milliseconds; what is not here is fixed: CLOSE_WAIT 60 s, LAST_ACK 30 s, LISTEN and
/// SYNACK 120 s, as in IPVS.
struct TimeoutsMs {
  uint64_t established = 900'000;
  uint64_t syn_sent = 120'000;
  uint64_t syn_recv = 60'000;
  uint64_t fin = 120'000;  // FIN_WAIT and TIME_WAIT
  uint64_t close = 10'000;
  uint64_t udp = 300'000;
  uint64_t icmp = 60'000;
};

/// Ticks to add to the last-seen tick, by Connection::state.
class TimeoutTable {
 public:
  explicit TimeoutTable(const TimeoutsMs& milliseconds);
  Tick of(uint8_t state) const { return ticks_[state]; }

 private:
  std::array<Tick, kConnectionStates> ticks_;
};

}  // namespace lbd
