// SPDX-License-Identifier: Apache-2.0
#include "translation_oracle.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstring>

namespace lbd::test {
namespace {

constexpr size_t kL3 = 14;
constexpr uint8_t kSctp = 132;

/// Where things are in an IP packet at `l3`; `l4` 0: not whole enough.
struct Layout {
  bool v6 = false;
  size_t l3 = 0, l4 = 0, end = 0;
  size_t addresses = 0, address_bytes = 0;
  uint8_t protocol = 0;
  bool fragmented = false, tail = false;  // a fragment; not the first one

  bool is_flow() const { return protocol == 6 || protocol == 17 || protocol == kSctp; }
  bool has_ports() const { return is_flow() && !tail; }
};

Layout layout_of(const Bytes& frame, size_t l3) {
  Layout out;
  if (frame.size() < l3 + 20) return out;
  out.v6 = frame[l3] >> 4 == 6;
  out.l3 = l3;
  if (out.v6) {
    if (frame.size() < l3 + 40) return out;
    out.addresses = l3 + 8;
    out.address_bytes = 32;
    out.protocol = frame[l3 + 6];
    out.l4 = l3 + 40;
    out.end = out.l4 + get16(frame, l3 + 4);
    if (out.protocol == 44 && frame.size() >= out.l4 + 8) {
      out.protocol = frame[out.l4];
      out.fragmented = true;
      out.tail = (get16(frame, out.l4 + 2) & 0xfff8) != 0;
      out.l4 += 8;
    }
  } else {
    out.addresses = l3 + 12;
    out.address_bytes = 8;
    out.protocol = frame[l3 + 9];
    out.l4 = l3 + (frame[l3] & 15u) * 4;
    out.end = l3 + get16(frame, l3 + 2);
    out.fragmented = (get16(frame, l3 + 6) & 0x3fff) != 0;
    out.tail = (get16(frame, l3 + 6) & 0x1fff) != 0;
  }
  const size_t least = out.tail ? 0 : out.protocol == kSctp ? 12 : 8;
  if (frame.size() < out.l4 + least && (out.protocol != kSctp || l3 == kL3)) out.l4 = 0;
  return out;
}

/// What an SCTP packet's CRC32c is off by, bit by bit: nothing where it is right.
uint32_t crc_error(const Bytes& frame, const Layout& at) {
  uint32_t crc = ~0u;
  uint32_t said = 0;
  for (size_t i = at.l4; i < at.end; ++i) {
    const bool field = i >= at.l4 + 8 && i < at.l4 + 12;
    if (field) said |= uint32_t{frame[i]} << 8 * (i - at.l4 - 8);
    crc ^= field ? 0 : frame[i];
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
  }
  return said ^ ~crc;
}

/// Ones' complement sum of addresses and all there is of the transport part: what a checksum that
/// follows the changes keeps as it is. 0 and 0xffff are one number.
uint32_t bound_sum(const Bytes& frame, const Layout& at) {
  const size_t end = std::min(at.end, frame.size());
  const uint32_t addresses =
      at.protocol == 1 ? 0 : slow_sum(&frame[at.addresses], at.address_bytes);
  return slow_sum(&frame[at.l4], end - at.l4, addresses) % 0xffff;
}

uint32_t header_sum(const Bytes& frame, const Layout& at) {
  return at.v6 ? 0 : slow_sum(&frame[at.l3], at.l4 - at.l3) % 0xffff;
}

size_t checksum_offset(uint8_t protocol) {
  return protocol == 6 ? 16 : protocol == 17 ? 6 : 2;
}

/// `in` with what translation may change taken from `out`.
bool take_changes(Bytes& in, const Bytes& out, const Layout& at, bool quoted) {
  std::copy_n(&out[at.addresses], at.address_bytes, &in[at.addresses]);
  if (!at.v6) std::copy_n(&out[at.l3 + 10], 2, &in[at.l3 + 10]);
  if (!quoted) --in[at.l3 + (at.v6 ? 7 : 8)];
  if (at.fragmented && !at.v6 && !quoted) std::copy_n(&out[at.l3 + 4], 2, &in[at.l3 + 4]);
  if (at.tail) return false;
  if (at.has_ports()) std::copy_n(&out[at.l4], 4, &in[at.l4]);
  if (at.protocol == kSctp) {
    if (!quoted) std::copy_n(&out[at.l4 + 8], 4, &in[at.l4 + 8]);
    return false;
  }
  const size_t field = at.l4 + checksum_offset(at.protocol);
  const bool none = at.protocol == 17 && get16(in, field) == 0;
  if (field + 2 <= std::min(at.end, in.size()) && !none) std::copy_n(&out[field], 2, &in[field]);
  return !none;
}

bool is_error(const Bytes& frame, const Layout& at) {
  if (at.tail) return false;
  if (at.protocol == 1) return frame[at.l4] == 3 || frame[at.l4] == 11 || frame[at.l4] == 12;
  return at.protocol == 58 && frame[at.l4] >= 1 && frame[at.l4] <= 4;
}

std::string endpoint_text(const Bytes& frame, const Layout& at, unsigned half) {
  const uint8_t* bytes = &frame[at.addresses + half * at.address_bytes / 2];
  const IpAddress address = at.v6 ? IpAddress::v6(bytes) : IpAddress::v4(bytes);
  if (!at.has_ports()) return address.to_string();
  return Endpoint{address, get16(frame, at.l4 + 2 * half)}.to_string();
}

std::string text_of(const Bytes& frame, const Layout& at) {
  if (at.l4 == 0) return "?";
  return endpoint_text(frame, at, 0) + " > " + endpoint_text(frame, at, 1);
}

}  // namespace

bool is_translated_form(const Bytes& in, const Bytes& out, const MacAddress& port) {
  const Layout at = layout_of(in, kL3);
  const Layout after = layout_of(out, kL3);
  if (at.l4 == 0 || after.l4 != at.l4 || at.end > in.size()) return false;
  Bytes expected = in;
  expected.resize(std::min(expected.size(), std::max(at.end, size_t{60})));
  if (out.size() != expected.size()) return false;
  std::copy_n(out.begin(), 6, expected.begin());
  std::copy_n(port.bytes.begin(), 6, expected.begin() + 6);
  const bool error = is_error(in, at);
  if (!at.is_flow() && !error) return false;
  const bool summed = take_changes(expected, out, at, false);
  if (error) {
    const Layout quote = layout_of(in, at.l4 + 8);
    if (quote.l4 == 0) return false;
    if (take_changes(expected, out, quote, true) &&
        quote.l4 + checksum_offset(quote.protocol) + 2 <= std::min(at.end, in.size()) &&
        bound_sum(in, quote) != bound_sum(out, quote))
      return false;
    if (header_sum(in, quote) != header_sum(out, quote)) return false;
  }
  if (expected != out) return false;
  if (at.protocol == kSctp && !at.fragmented && crc_error(in, at) != crc_error(out, at))
    return false;
  return header_sum(in, at) == header_sum(out, at) &&
         (!summed || bound_sum(in, at) == bound_sum(out, at));
}

std::string tuple_text(const Bytes& frame) {
  const Layout at = layout_of(frame, kL3);
  std::string out = text_of(frame, at);
  if (at.l4 != 0 && is_error(frame, at))
    out += " (" + text_of(frame, layout_of(frame, at.l4 + 8)) + ")";
  return out;
}

}  // namespace lbd::test
