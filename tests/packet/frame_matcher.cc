// SPDX-License-Identifier: Apache-2.0
#include "frame_matcher.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstring>

#include "nat64_oracle.h"
#include "translation_oracle.h"
#include "tunnel_oracle.h"

namespace lbd::test {
namespace {

constexpr size_t kL3 = 14;

bool valid_ip_checksum(const Bytes& frame) {
  if (get16(frame, 12) != 0x0800) return true;
  return slow_sum(&frame.at(kL3), (frame.at(kL3) & 15u) * 4) == 0xffff;
}

/// Whether `out` is `in` after direct routing by `port`, wherever to.
bool is_forwarded_form(const Bytes& in, Bytes out, const MacAddress& port) {
  if (out.size() > in.size() || out.size() < kL3 + 20) return false;
  MacAddress to;
  std::memcpy(to.bytes.data(), out.data(), 6);
  if (get16(in, 12) == 0x0800 && in.size() < kL3 + (in[kL3] & 15u) * 4) return false;
  Bytes wanted = forwarded_by_dr(in, to, port);
  if (!valid_ip_checksum(in)) {
    // Right only by the device's word: lbd updates the sum, it does not mend it.
    put16(wanted, kL3 + 10, 0);
    put16(out, kL3 + 10, 0);
  }
  return wanted == out;
}

/// The server whose MAC address a frame was sent to, if that is one by a tunnel.
const ServerSpec* tunnel_behind(const Topology& topology, const Sent& sent) {
  for (const ServiceSpec& service : topology.services)
    for (const ServerSpec& server : service.servers)
      if (server.forwarding == Forwarding::kTun && server.hop.port == sent.port &&
          std::equal(server.hop.mac.bytes.begin(), server.hop.mac.bytes.end(), sent.frame.begin()))
        return &server;
  return nullptr;
}

/// A tunnel carries no padding of Ethernet's: `frame` without what lies behind its IP packet, where
/// that is how long the other one is.
Bytes unpadded(const Bytes& frame, size_t wanted) {
  if (wanted >= 60 || frame.size() <= wanted) return frame;
  const bool v6 = get16(frame, 12) == 0x86dd;
  if (frame.size() < kL3 + 20) return frame;
  const size_t end = kL3 + (v6 ? size_t{40} + get16(frame, kL3 + 4) : get16(frame, kL3 + 2));
  Bytes out = frame;
  if (end == wanted) out.resize(end);
  return out;
}

/// A TCP segment after all its flags gave way to RST.
Bytes reset_of(const Bytes& in) {
  const Decoded packet = decode(in);
  Bytes out = in;
  if (packet.protocol != 6) return out;
  out.at(packet.l4 + 13) = 0x04;
  put16(out, packet.l4 + 16, 0);
  const auto length = static_cast<uint32_t>(packet.end - packet.l4);
  const uint32_t pseudo = slow_pseudo_header(packet.source, packet.destination, 6, length);
  put16(out, packet.l4 + 16, slow_checksum(&out.at(packet.l4), length, pseudo));
  return out;
}

bool take_forwarded(Step& step, const Sent& sent, bool may_be_reset, Matched& out) {
  const Topology& topology = step.director.topology();
  const MacAddress& port = topology.ports[sent.port].mac;
  Bytes frame = sent.frame;
  if (const ServerSpec* server = tunnel_behind(topology, sent)) {
    const TunnelCheck check = take_off_tunnel(frame, *server, topology.ports[sent.port]);
    if (!check.fault.empty()) step.failures.push_back("tunnel: " + check.fault);
    frame = check.inner;
  }
  for (auto it = step.waiting.begin(); it != step.waiting.end(); ++it) {
    const auto is_form_of = [&](const Bytes& in) {
      return is_forwarded_form(unpadded(in, frame.size()), frame, port) ||
             is_translated_form(in, sent.frame, port);
    };
    Crossed crossed = crossed_form(it->frame, sent.frame, port);
    const bool as_it_came = crossed != Crossed::kNo || is_form_of(it->frame);
    bool reset = !as_it_came && may_be_reset && is_form_of(reset_of(it->frame));
    if (!as_it_came && !reset && may_be_reset) {
      crossed = crossed_form(reset_of(it->frame), sent.frame, port);
      reset = crossed != Crossed::kNo;
    }
    if (!as_it_came && !reset) continue;
    out.resets += reset;
    MacAddress to;
    std::memcpy(to.bytes.data(), sent.frame.data(), 6);
    out.forwarded.push_back({sent.frame, it->packet, sent.port, to, sent.worker});
    if (crossed != Crossed::kPieceOfIt) step.waiting.erase(it);
    return true;
  }
  return false;
}

bool take(std::vector<Bytes>& from, const Bytes& frame) {
  const auto found = std::find(from.begin(), from.end(), frame);
  if (found == from.end()) return false;
  from.erase(found);
  return true;
}

}  // namespace

Matched match_frames(Step& step, bool may_be_reset) {
  Matched out;
  for (const Sent& sent : step.director.record().sent) {
    if (take(step.tap_frames, sent.frame)) continue;
    if (!take_forwarded(step, sent, may_be_reset, out)) out.replies.push_back(sent);
  }
  std::vector<Bytes> unseen = step.sent_in;
  for (const Punted& punted : step.director.record().punted) {
    if (!take(unseen, punted.frame)) step.failures.push_back("a punted frame is not as it came");
    if (punted.port != step.port) step.failures.push_back("punted to another port's twin");
  }
  return out;
}

}  // namespace lbd::test
