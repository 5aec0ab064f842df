// SPDX-License-Identifier: Apache-2.0
#include "answer.h"

#include <algorithm>

#include "flow_table.h"

namespace lbd::loadgen {
namespace {

/// Where the parts of a frame of the run's shape lie; null if it has another shape.
struct Parts {
  const uint8_t* ip = nullptr;
  const uint8_t* addresses = nullptr;
  const uint8_t* l4 = nullptr;
  unsigned address_size = 0;
  uint32_t l4_length = 0;

  IpAddress address(unsigned index) const {
    const uint8_t* at = addresses + index * address_size;
    return address_size == 4 ? IpAddress::v4(at) : IpAddress::v6(at);
  }
};

Be16 be16(const uint8_t* at) {
  Be16 out;
  std::memcpy(&out, at, sizeof out);
  return out;
}

/// `whole` becomes false where the shape is right and the lengths are not.
Parts dissect(std::span<const uint8_t> frame, const Options& options, bool& whole) {
  Parts out;
  whole = true;
  if (frame.size() < headers_size(options.v4(), options.tcp)) return out;
  const uint8_t protocol = options.tcp ? wire::kProtoTcp : wire::kProtoUdp;
  const auto* ethernet = reinterpret_cast<const wire::Ethernet*>(frame.data());
  const uint8_t* l3 = frame.data() + sizeof *ethernet;
  uint32_t ip_length = 0;
  if (options.v4()) {
    const auto* ip = reinterpret_cast<const wire::Ipv4*>(l3);
    if (ethernet->type.host() != wire::kEtherIpv4 || ip->protocol != protocol) return out;
    ip_length = ip->total_length.host();
    out = {l3, l3 + 12, l3 + sizeof *ip, 4, ip_length - static_cast<uint32_t>(sizeof *ip)};
    whole = ip->version_ihl == 0x45;
  } else {
    const auto* ip = reinterpret_cast<const wire::Ipv6*>(l3);
    if (ethernet->type.host() != wire::kEtherIpv6 || ip->next_header != protocol) return out;
    out = {l3, ip->source, l3 + sizeof *ip, 16, ip->payload_length.host()};
    ip_length = out.l4_length + static_cast<uint32_t>(sizeof *ip);
  }
  whole = whole && ip_length == frame.size() - sizeof *ethernet;
  return out;
}

}  // namespace

bool FrameCheck::mac_expected(const uint8_t* destination) const {
  const auto& macs = options_.expected_macs;
  return macs.empty() || std::any_of(macs.begin(), macs.end(), [&](const MacAddress& mac) {
           return std::equal(mac.bytes.begin(), mac.bytes.end(), destination);
         });
}

bool FrameCheck::service_kept(const uint8_t* addresses, const uint8_t* ports) const {
  const IpAddress& vip = options_.vip;
  const unsigned side = service_is_source_ ? 0 : 1;
  return std::equal(vip.data(), vip.data() + vip.size(), addresses + side * vip.size()) &&
         be16(ports + side * 2).host() == options_.vip_port;
}

Returned FrameCheck::look(std::span<const uint8_t> frame) const {
  bool whole = false;
  const Parts parts = dissect(frame, options_, whole);
  if (parts.ip == nullptr) return Returned::kForeign;
  if (!whole || !mac_expected(frame.data())) return Returned::kBad;
  if (!addresses_change_ && !service_kept(parts.addresses, parts.l4)) return Returned::kBad;
  if (options_.v4() && !checksum::valid(parts.ip, sizeof(wire::Ipv4))) return Returned::kBad;
  const uint64_t pseudo =
      checksum::pseudo_header(parts.addresses, 2 * parts.address_size,
                              options_.tcp ? wire::kProtoTcp : wire::kProtoUdp, parts.l4_length);
  const uint64_t sum = checksum::add(parts.l4, parts.l4_length, pseudo);
  return checksum::fold(sum) == 0xffff ? Returned::kGood : Returned::kBad;
}

void AnswerLearner::learn(std::span<const uint8_t> frame) {
  bool whole = false;
  const Parts parts = dissect(frame, options_, whole);
  if (parts.ip == nullptr || !whole) return;
  const IpAddress client = parts.address(0);
  const IpAddress server = parts.address(1);
  if (flows_.empty()) {
    client_ = client;
    server_ = server;
  }
  flows_.push_back(
      {low_word(server), low_word(client), be16(parts.l4 + 2).host(), be16(parts.l4).host()});
}

FrameTemplate AnswerLearner::frame_template(uint32_t length) const {
  return FrameTemplate(
      {options_.destination_mac, options_.source_mac, server_, client_, options_.tcp, length});
}

std::vector<FlowRecord> AnswerLearner::table(const FrameTemplate& frame) const {
  std::vector<FlowRecord> out;
  out.reserve(flows_.size());
  for (const Flow& flow : flows_) {
    out.push_back(
        frame.record(flow.source, flow.destination, flow.source_port, flow.destination_port));
  }
  return out;
}

}  // namespace lbd::loadgen
