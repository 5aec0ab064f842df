// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

// How a packet ends. Each packet ends in exactly one verdict, and each verdict is one enum entry
// that yields the counter, its name in lbctl and its line in docs/counters.md.
namespace lbd {

enum class Verdict : uint8_t {
  // Where it went.
  kForwarded,
  kPunted,
  kHandedOff,
  // What the packet is.
  kTruncated,
  kNotOurMac,
  kVlanTagged,
  kBadIpVersion,
  kBadIpHeaderLength,
  kBadIpLength,
  kBadIpChecksum,
  kBadExtensionHeader,
  kMartian,
  kBadL4Header,
  kBadL4Checksum,
  // What a service makes of it.
  kFragment,
  kBadFragment,
  kFragmentOverlap,
  kFragmentLimit,
  kFragmentTimeout,
  kNotListening,
  kVipNotHeld,
  kNoConnection,
  kServiceRateLimited,
  kClientRateLimited,
  kNoRealServer,
  kServerGone,
  kConnectionTableFull,
  kTtlExceeded,
  kMtuExceeded,
  kTupleInUse,
  kLocalPortsUsedUp,
  kStrayReply,
  kNoHeadroom,
  kTunnelError,
  kUntranslatable,
  // Where it could not go.
  kNoRoute,
  kNeighbourFailed,
  kNeighbourTimeout,
  kNeighbourQueueFull,
  kPortDown,
  kTxFull,
  kHandoffFull,
  kPuntPoliced,
  kPuntRingFull,
  kCount
};

inline constexpr unsigned kVerdictCount = static_cast<unsigned>(Verdict::kCount);

struct VerdictInfo {
  std::string_view name;  // in lbctl and JSON
  std::string_view help;  // one line for docs and `lbctl counters`
};

inline constexpr std::array<VerdictInfo, kVerdictCount> kVerdicts{{
    {"forwarded", "sent, and accepted by the device"},
    {"punted", "given to the kernel twin of its port"},
    {"handed_off", "given to the worker that owns the flow or the transmit queue"},
    {"truncated", "shorter than the headers it claims to have"},
    {"not_our_mac", "unicast to somebody else's MAC address"},
    {"vlan_tagged", "802.1Q or 802.1ad tag; VLANs are not supported yet"},
    {"bad_ip_version", "EtherType and IP version disagree"},
    {"bad_ip_header_length", "IPv4 header length below 20 bytes or beyond the packet"},
    {"bad_ip_length", "IP length field beyond the frame or below the header"},
    {"bad_ip_checksum", "IPv4 header checksum wrong"},
    {"bad_extension_header", "IPv6 extension headers broken, or more than eight"},
    {"martian", "impossible source or destination address (RFC 1812 5.3.7)"},
    {"bad_l4_header", "TCP or UDP header cut short or its length field wrong"},
    {"bad_l4_checksum", "TCP or UDP checksum wrong where the packet would change state"},
    {"fragment", "TCP in fragments of a connection by proxy-v2; not supported"},
    {"bad_fragment", "fragment with an impossible offset or length"},
    {"fragment_overlap", "fragment of which a part has come already"},
    {"fragment_limit", "too many fragments wait, datagrams come in pieces, or pieces of one"},
    {"fragment_timeout", "fragment whose first one did not come in time"},
    {"not_listening", "to a service's address, but to a port or protocol that no service has"},
    {"vip_not_held", "to a virtual address whose VRRP instance is not master here"},
    {"no_connection", "TCP without a connection that is not a SYN"},
    {"service_rate_limited", "a new connection above the service's limits.new_per_second"},
    {"client_rate_limited", "a new connection above limits.new_per_second_per_client"},
    {"no_real_server", "no real server accepts connections; the client is told (rate-limited)"},
    {"server_gone", "of a connection that is reset because its real server failed or is removed"},
    {"connection_table_full", "new flow refused, the worker's connection table is full"},
    {"ttl_exceeded", "TTL or hop limit used up; the sender is told (rate-limited)"},
    {"mtu_exceeded", "longer than the next hop's MTU; the sender is told (rate-limited)"},
    {"tuple_in_use", "new flow refused, its replies would look like another connection's (nat)"},
    {"local_ports_used_up",
     "new flow refused, the outgoing port's local_addresses have no free port (fullnat)"},
    {"stray_reply", "from a real server by nat or fullnat, but of no connection"},
    {"no_headroom",
     "no room in front of the packet for a tunnel's headers, the client's address or an IPv6 "
     "header"},
    {"tunnel_error", "ICMP error about a tunnel's packet; the client is told (rate-limited)"},
    {"untranslatable", "cannot be said in the server's or the client's IP version (fullnat)"},
    {"no_route",
     "no route to the destination, or no address of ours to send a tunnel's packets from"},
    {"neighbour_failed", "the kernel found no MAC address for the next hop"},
    {"neighbour_timeout", "waited too long for the next hop's MAC address"},
    {"neighbour_queue_full", "too many packets wait for a MAC address"},
    {"port_down", "the outgoing port has no link"},
    {"tx_full", "the device's transmit queue was full"},
    {"handoff_full", "the other worker's ring was full"},
    {"punt_policed", "more for the kernel than the policer lets through"},
    {"punt_ring_full", "the ring to the tap thread was full"},
}};

constexpr bool is_drop(Verdict verdict) {
  return verdict > Verdict::kHandedOff;
}

/// What happened besides a packet's own end.
enum class Event : uint8_t {
  kConnectionCreated,
  kConnectionExpired,
  kConnectionPurged,
  kConnectionMoved,
  kConnectionReset,
  kHalfOpenEvicted,
  kReplyNoticeLost,
  kIcmpErrorSent,
  kResetSent,
  kReplyRateLimited,
  kReplyNoMemory,
  kFragmentHeld,
  kFragmentNoteLost,
  kFragmentFirstAlone,
  kCount
};
inline constexpr unsigned kEventCount = static_cast<unsigned>(Event::kCount);

inline constexpr std::array<VerdictInfo, kEventCount> kEvents{{
    {"connection_created", "connection entries made"},
    {"connection_expired", "connection entries whose time-out passed"},
    {"connection_purged", "connection entries removed with their real server"},
    {"connection_moved", "connections that left a failed or removed real server for another one"},
    {"connection_reset", "connections reset because their real server failed or is removed"},
    {"half_open_evicted", "half-open connections that gave way to newer ones"},
    {"reply_notice_lost", "replies' owners that another worker could not be told; a ring was full"},
    {"icmp_error_sent", "ICMP errors that lbd made"},
    {"reset_sent", "TCP resets that lbd made"},
    {"reply_rate_limited", "ICMP errors and resets not sent, the rate limit was reached"},
    {"reply_no_memory",
     "ICMP errors, resets and pieces of packets not sent, no packet buffer was free"},
    {"fragment_held", "fragments that waited for the first one"},
    {"fragment_note_lost", "first fragments of which the worker of the others was not told"},
    {"fragment_first_alone", "first fragments sent on alone: overlapping, or too many datagrams"},
}};

/// How a packet came in. The sum over origins equals the sum over verdicts plus what is held.
enum class Origin : uint8_t { kReceived, kHandedIn, kFromTap, kOwn, kCount };
inline constexpr unsigned kOriginCount = static_cast<unsigned>(Origin::kCount);
inline constexpr std::array<std::string_view, kOriginCount> kOrigins{"received", "handed_in",
                                                                     "from_tap", "own"};

}  // namespace lbd
