// SPDX-License-Identifier: Apache-2.0
#include "nat64_oracle.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <optional>

namespace lbd::test {
namespace {

constexpr size_t kL3 = 14;

/// What an IP packet says, of either version.
struct Ip {
  bool v6 = false;
  uint8_t tos = 0, ttl = 0, protocol = 0;
  uint32_t label = 0;      // IPv6
  size_t header = 0;       // bytes, extension headers included
  size_t l4 = 0, end = 0;  // offsets; `end` is what the packet claims
  size_t addresses = 0, address_bytes = 0;
  bool dont_fragment = false, fragmented = false, more = false;
  size_t offset = 0;  // of the fragment
  bool checksum_valid = true;

  bool is_error(const Bytes& frame) const {
    if (offset != 0 || l4 >= frame.size()) return false;
    const uint8_t type = frame[l4];
    return protocol == 1 ? type == 3 || type == 11 || type == 12
                         : protocol == 58 && type >= 1 && type <= 4;
  }
};

std::optional<Ip> read_v4(const Bytes& frame, size_t at) {
  Ip out;
  out.header = (frame[at] & 15u) * 4;
  if (frame.size() < at + out.header) return std::nullopt;
  out.tos = frame[at + 1];
  out.end = at + get16(frame, at + 2);
  const uint16_t fragment = get16(frame, at + 6);
  out.dont_fragment = fragment & 0x4000;
  out.more = fragment & 0x2000;
  out.offset = (fragment & 0x1fffu) * 8;
  out.fragmented = out.more || out.offset != 0;
  out.ttl = frame[at + 8];
  out.protocol = frame[at + 9];
  out.addresses = at + 12;
  out.address_bytes = 8;
  out.l4 = at + out.header;
  out.checksum_valid = slow_sum(&frame[at], out.header) == 0xffff;
  return out;
}

std::optional<Ip> read_v6(const Bytes& frame, size_t at) {
  if (frame.size() < at + 40) return std::nullopt;
  Ip out;
  out.v6 = true;
  out.tos = static_cast<uint8_t>(get16(frame, at) >> 4);
  out.label = get32(frame, at) & 0xfffff;
  out.end = at + 40 + get16(frame, at + 4);
  out.ttl = frame[at + 7];
  out.addresses = at + 8;
  out.address_bytes = 32;
  uint8_t next = frame[at + 6];
  size_t offset = at + 40;
  while (next == 0 || next == 43 || next == 44 || next == 60) {
    if (frame.size() < offset + 8) return std::nullopt;
    const size_t length = next == 44 ? 8 : (frame[offset + 1] + 1u) * 8;
    if (next == 44) {
      const uint16_t field = get16(frame, offset + 2);
      out.more = field & 1;
      out.offset = field & 0xfff8u;
      out.fragmented = (field & 0xfff9u) != 0;  // RFC 6946
    }
    next = frame[offset];
    offset += length;
    if (out.offset != 0) break;
  }
  out.protocol = next;
  out.l4 = offset;
  out.header = offset - at;
  return out;
}

std::optional<Ip> read_ip(const Bytes& frame, size_t at) {
  if (frame.size() < at + 20) return std::nullopt;
  return frame[at] >> 4 == 6 ? read_v6(frame, at) : read_v4(frame, at);
}

/// Ones' complement sum of addresses and transport, which a checksum that follows changes keeps.
uint32_t bound_sum(const Bytes& l4, const Bytes& frame, const Ip& ip) {
  return slow_sum(l4.data(), l4.size(), slow_sum(&frame[ip.addresses], ip.address_bytes)) % 0xffff;
}

/// The transport of the packet that came, `all` bytes of it, and of the one that left, of which
/// `bytes` are there: the same but for ports and checksum, which is in order. `quoted`: a checksum
/// that was not there is not made.
bool same_transport(const Bytes& in, const Ip& a, size_t all, const Bytes& out, const Ip& b,
                    size_t bytes, bool quoted) {
  const size_t field = b.protocol == 6 ? 16 : 6;
  if (a.protocol != b.protocol || (b.protocol != 6 && b.protocol != 17) || bytes < 8) return false;
  const Bytes before(in.begin() + static_cast<long>(a.l4),
                     in.begin() + static_cast<long>(a.l4 + all));
  Bytes after = before;
  std::copy_n(out.begin() + static_cast<long>(b.l4), 4, after.begin());
  const bool summed = field + 2 <= bytes;
  if (summed) put16(after, field, get16(out, b.l4 + field));
  if (!std::equal(after.begin(), after.begin() + static_cast<long>(bytes),
                  out.begin() + static_cast<long>(b.l4)))
    return false;
  if (!summed) return true;
  if (b.protocol != 17 || get16(before, field) != 0)
    return bound_sum(before, in, a) == bound_sum(after, out, b);
  if (quoted) return get16(after, field) == 0;
  const auto length = static_cast<uint32_t>(all);
  const uint32_t pseudo = slow_sum(&out[b.addresses], b.address_bytes) + 17 + length;
  return get16(after, field) != 0 && slow_sum(after.data(), all, pseudo) == 0xffff;
}

/// RFC 7915 4.1, 5.1: the outer header.
bool right_header(const Ip& a, const Ip& b) {
  if (a.v6 == b.v6 || b.tos != a.tos || b.ttl + 1 != a.ttl || b.label != 0) return false;
  if (!b.checksum_valid) return false;
  if (b.v6) return b.header == (b.fragmented ? 48u : 40u);
  const bool wants_df = !a.fragmented && b.end - kL3 > 1260;
  return b.header == 20 && b.dont_fragment == wants_df && b.fragmented == a.fragmented;
}

bool right_error(const Bytes& in, const Ip& a, const Bytes& out, const Ip& b) {
  const bool summed = decode(out).l4_checksum_valid;
  const auto before = read_ip(in, a.l4 + 8);
  const auto after = read_ip(out, b.l4 + 8);
  if (!summed || !before || !after || before->v6 == after->v6) return false;
  if (after->tos != before->tos || after->ttl != before->ttl || !after->checksum_valid)
    return false;
  if (after->header != (after->v6 ? 40u : 20u)) return false;
  // As long as the packet was on that side; quoted as far as the message may go.
  if (after->end - after->l4 != before->end - before->l4) return false;
  const size_t most = (b.v6 ? 1280u : 576u) - (after->l4 - kL3);
  const size_t bytes = b.end - after->l4;
  if (bytes != std::min(a.end - before->l4, most)) return false;
  return same_transport(in, *before, bytes, out, *after, bytes, true);
}

}  // namespace

Crossed crossed_form(const Bytes& in, const Bytes& out, const MacAddress& port) {
  const auto a = read_ip(in, kL3);
  const auto b = read_ip(out, kL3);
  if (!a || !b || !right_header(*a, *b) || a->end > in.size() || b->end > out.size())
    return Crossed::kNo;
  if (!std::equal(port.bytes.begin(), port.bytes.end(), out.begin() + 6)) return Crossed::kNo;
  if (get16(out, 12) != (b->v6 ? 0x86dd : 0x0800)) return Crossed::kNo;
  if (out.size() != b->end && out.size() != 60) return Crossed::kNo;
  if (a->is_error(in))
    return b->is_error(out) && right_error(in, *a, out, *b) ? Crossed::kWhole : Crossed::kNo;
  const size_t bytes = b->end - b->l4, all = a->end - a->l4;
  const size_t skipped = b->offset - a->offset;
  if (b->offset < a->offset || skipped + bytes > all) return Crossed::kNo;
  const bool last = skipped + bytes == all;
  if (!b->v6 && !last) return Crossed::kNo;  // IPv4 is not cut
  if (b->more != (a->more || !last)) return Crossed::kNo;
  if (b->offset == 0) {
    if (!same_transport(in, *a, all, out, *b, bytes, false)) return Crossed::kNo;
  } else if (!std::equal(out.begin() + static_cast<long>(b->l4),
                         out.begin() + static_cast<long>(b->end),
                         in.begin() + static_cast<long>(a->l4 + skipped))) {
    return Crossed::kNo;
  }
  return last ? Crossed::kWhole : Crossed::kPieceOfIt;
}

std::string icmp_text(const Bytes& frame) {
  const auto ip = read_ip(frame, kL3);
  if (!ip || (ip->protocol != 1 && ip->protocol != 58) || frame.size() < ip->l4 + 8) return "";
  return fmt::format("{}/{} {:08x}", frame[ip->l4], frame[ip->l4 + 1], get32(frame, ip->l4 + 4));
}

}  // namespace lbd::test
