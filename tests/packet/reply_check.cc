// SPDX-License-Identifier: Apache-2.0
#include "reply_check.h"

#include <spdlog/fmt/fmt.h>

namespace lbd::test {
namespace {

constexpr size_t kL3 = 14;

struct IcmpKind {
  const char* name;
  uint8_t type4, code4, type6, code6;
};
// RFC 792, RFC 1191 4; RFC 4443 3.1 to 3.3.
constexpr IcmpKind kKinds[] = {{"time_exceeded", 11, 0, 3, 0},
                               {"too_big", 3, 4, 2, 0},
                               {"port_unreachable", 3, 3, 1, 4},
                               {"host_unreachable", 3, 1, 1, 3}};

void equal(Step& step, const char* what, const auto& got, const auto& wanted) {
  if (got != wanted)
    step.failures.push_back(fmt::format("reply: {} is {}, not {}", what, got, wanted));
}

/// What every reply must be: well-formed, and back to where the packet came from.
void check_envelope(Step& step, const Sent& reply, const Decoded& out, const Decoded& in,
                    const YAML::Node& expect) {
  const Topology& topology = step.director.topology();
  equal(step, "IP checksum's being right", out.ip_checksum_valid, true);
  equal(step, "transport checksum's being right", out.l4_checksum_valid, true);
  equal(step, "TTL", out.ttl, uint8_t{64});
  equal(step, "destination", out.destination.to_string(), in.source.to_string());
  equal(step, "source MAC", out.source_mac.to_string(), topology.ports[reply.port].mac.to_string());
  const std::string via = read<std::string>(expect["via"], "gw");
  const MacAddress to = expect["mac"] ? read_mac(expect["mac"]) : topology.gateways.at(via).mac;
  equal(step, "destination MAC", out.destination_mac.to_string(), to.to_string());
  equal(step, "frame's length", reply.frame.size(), out.end);
}

void check_reset(Step& step, const Bytes& frame, const Decoded& out, const Bytes& sent,
                 const Decoded& in, const YAML::Node& expect) {
  only(expect["rst"], {"seq", "ack"});
  equal(step, "source", out.source.to_string(), in.destination.to_string());
  equal(step, "source port", get16(frame, out.l4), get16(sent, in.l4 + 2));
  equal(step, "destination port", get16(frame, out.l4 + 2), get16(sent, in.l4));
  equal(step, "sequence", get32(frame, out.l4 + 4), read(expect["rst"]["seq"], 0u));
  equal(step, "acknowledgement", get32(frame, out.l4 + 8), read(expect["rst"]["ack"], 0u));
  const bool acknowledges = static_cast<bool>(expect["rst"]["ack"]);
  equal(step, "TCP flags", frame.at(out.l4 + 13), static_cast<uint8_t>(acknowledges ? 0x14 : 0x04));
}

void check_icmp(Step& step, const Bytes& frame, const Decoded& out, const Bytes& sent,
                const Decoded& in, const YAML::Node& expect) {
  const auto name = expect["icmp"].as<std::string>();
  const IcmpKind* kind = nullptr;
  for (const IcmpKind& one : kKinds)
    if (name == one.name) kind = &one;
  if (kind == nullptr) throw BadCase(expect, "no such ICMP error");
  const bool v4 = out.source.is_v4();
  equal(step, "protocol", out.protocol, uint8_t(v4 ? 1 : 58));
  equal(step, "type", frame.at(out.l4), v4 ? kind->type4 : kind->type6);
  equal(step, "code", frame.at(out.l4 + 1), v4 ? kind->code4 : kind->code6);
  equal(step, "MTU", get32(frame, out.l4 + 4), read(expect["mtu"], 0u));
  equal(step, "source", out.source.to_string(), read_address(expect["from"]).to_string());
  // As much of the packet as fits into 576 (IPv4) or 1280 (IPv6) bytes.
  const size_t room = (v4 ? 576 : 1280) - (out.l4 - kL3) - 8;
  const size_t wanted = std::min(room, in.end - kL3);
  equal(step, "quoted length", out.end - out.l4 - 8, wanted);
  const Bytes quote(frame.begin() + static_cast<long>(out.l4) + 8, frame.end());
  const Bytes original(sent.begin() + kL3, sent.begin() + static_cast<long>(kL3 + wanted));
  if (quote != original) step.failures.push_back("reply: the quote is not the packet as it came");
}

}  // namespace

namespace {

/// The packet that begins at `offset` of what an ICMP error quotes, as if it had come by itself.
Bytes quoted_packet(const Bytes& frame, size_t offset) {
  Bytes out(frame.begin(), frame.begin() + kL3);
  const bool v4 = frame.at(offset) >> 4 == 4;
  put16(out, 12, v4 ? 0x0800 : 0x86dd);
  out.insert(out.end(), frame.begin() + static_cast<long>(offset), frame.end());
  return out;
}

/// Of a packet of which only a part is there.
Decoded decode_part(const Bytes& frame) {
  Decoded out;
  const bool v4 = get16(frame, 12) == 0x0800;
  out.source = v4 ? IpAddress::v4(&frame.at(kL3 + 12)) : IpAddress::v6(&frame.at(kL3 + 8));
  out.end = frame.size();
  return out;
}

/// A segment that no window has, to a client whose connection is to be reset.
void check_probe(Step& step, const Sent& reply, const YAML::Node& expect) {
  only(expect, {"from", "to"});
  const Decoded out = decode(reply.frame);
  const auto at = [&](const IpAddress& address, size_t offset) {
    return Endpoint{address, get16(reply.frame, out.l4 + offset)}.to_string();
  };
  equal(step, "source", at(out.source, 0), expect["from"].as<std::string>());
  equal(step, "destination", at(out.destination, 2), expect["to"].as<std::string>());
  equal(step, "protocol", out.protocol, uint8_t{6});
  equal(step, "TCP flags", reply.frame.at(out.l4 + 13), uint8_t{0x10});
  equal(step, "IP checksum's being right", out.ip_checksum_valid, true);
  equal(step, "transport checksum's being right", out.l4_checksum_valid, true);
  equal(step, "destination MAC", out.destination_mac.to_string(),
        step.director.topology().gateways.at("gw").mac.to_string());
}

}  // namespace

void check_reply(Step& step, const Sent& reply, const YAML::Node& expect) {
  if (expect["probe"]) return check_probe(step, reply, expect["probe"]);
  only(expect, {"icmp", "rst", "mtu", "from", "packet", "via", "mac", "quoted_at"});
  Bytes sent = step.sent_in.at(read(expect["packet"], size_t{0}));
  if (expect["quoted_at"]) sent = quoted_packet(sent, expect["quoted_at"].as<size_t>());
  const Decoded in = expect["quoted_at"] ? decode_part(sent) : decode(sent);
  const Decoded out = decode(reply.frame);
  check_envelope(step, reply, out, in, expect);
  if (expect["rst"]) {
    check_reset(step, reply.frame, out, sent, in, expect);
  } else {
    check_icmp(step, reply.frame, out, sent, in, expect);
  }
}

}  // namespace lbd::test
