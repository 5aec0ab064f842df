// SPDX-License-Identifier: Apache-2.0
#include "read_packet.h"

#include <rte_mbuf.h>

#include <algorithm>

namespace lbd::test {
namespace {

/// Data of which no two bytes in a row are equal.
Bytes pattern(unsigned length) {
  Bytes out(length);
  for (unsigned i = 0; i < length; ++i) out[i] = static_cast<uint8_t>(i * 37 + 11);
  return out;
}

uint8_t read_tcp_flags(const YAML::Node& node) {
  uint8_t out = 0;
  for (const char c : read<std::string>(node, "")) {
    const size_t bit = std::string_view("FSRPAU").find(c);
    if (bit == std::string_view::npos) throw BadCase(node, "TCP flags are F, S, R, P, A, U");
    out |= static_cast<uint8_t>(1u << bit);
  }
  return out;
}

void read_protocol(const YAML::Node& node, FrameSpec& spec) {
  const bool v4 = spec.source.is_v4();
  if (node["tcp"]) {
    spec.protocol = 6;
    spec.tcp_flags = read_tcp_flags(node["tcp"]);
  } else if (node["udp"]) {
    spec.protocol = 17;
    spec.payload = pattern(read(node["udp"], 0u));
  } else if (node["icmp"]) {
    spec.protocol = v4 ? 1 : 58;
    spec.icmp_type = read_byte(node["icmp"], 0);
    spec.payload = pattern(24);
  } else if (node["protocol"]) {
    spec.protocol = read_byte(node["protocol"], 0);
    spec.payload = pattern(24);
  } else {
    throw BadCase(node, "a packet is tcp, udp, icmp, protocol, arp or raw");
  }
  if (node["payload"]) spec.payload = pattern(read(node["payload"], 0u));
  if (node["data"]) {
    const Bytes data = from_hex(node["data"].as<std::string>());
    spec.payload.insert(spec.payload.begin(), data.begin(), data.end());
  }
  if (node["options"]) spec.tcp_option_bytes = from_hex(node["options"].as<std::string>());
  spec.urgent = read<uint16_t>(node["urgent"], 0);
  if (node["code"]) spec.icmp_code = read_byte(node["code"], 0);
  spec.icmp_mtu = read<uint16_t>(node["mtu"], 0);
  if (node["rest"]) spec.icmp_rest = read(node["rest"], 0u);
  spec.sequence = read(node["seq"], spec.sequence);
  spec.acknowledgement = read(node["ack"], spec.acknowledgement);
  spec.tcp_options = read(node["tcp_options"], 0u);
  if (node["data_offset"]) spec.data_offset = read_byte(node["data_offset"], 0);
  if (node["udp_length"]) spec.udp_length = read<uint16_t>(node["udp_length"], 0);
}

FrameSpec::Extension read_extension(const YAML::Node& node) {
  const auto text = node.as<std::string>();
  Bytes plain = {0, 0, 1, 4, 0, 0, 0, 0};  // eight bytes, one option of padding
  if (text == "hop") return {0, plain};
  if (text == "destination") return {60, plain};
  if (text == "routing0")
    return {43, {0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9}};
  if (text == "routing0_used_up") return {43, {0, 0, 0, 0, 0, 0, 0, 0}};
  if (text == "long") return {60, {0, 255, 1, 4, 0, 0, 0, 0}};  // claims 2048 bytes
  if (text == "fragment_first") return {44, {0, 0, 0x00, 0x01, 0, 0, 0, 7}};
  if (text == "fragment_last") return {44, {0, 0, 0x00, 0xb8, 0, 0, 0, 7}};
  if (text == "fragment_atomic") return {44, {0, 0, 0x00, 0x00, 0, 0, 0, 7}};
  throw BadCase(node, "no such extension header");
}

uint64_t read_offload(const YAML::Node& node) {
  uint64_t out = 0;
  for (const auto& item : node) {
    const auto text = item.as<std::string>();
    if (text == "ip_good")
      out |= RTE_MBUF_F_RX_IP_CKSUM_GOOD;
    else if (text == "ip_bad")
      out |= RTE_MBUF_F_RX_IP_CKSUM_BAD;
    else if (text == "l4_good")
      out |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
    else if (text == "l4_bad")
      out |= RTE_MBUF_F_RX_L4_CKSUM_BAD;
    else if (text == "vlan_stripped")
      out |= RTE_MBUF_F_RX_VLAN_STRIPPED;
    else
      throw BadCase(item, "no such word of the device");
  }
  return out;
}

void read_ip(const YAML::Node& node, FrameSpec& spec) {
  spec.ttl = read_byte(node["ttl"], spec.ttl);
  spec.tos = read_byte(node["tos"], spec.tos);
  spec.id = read(node["id"], spec.id);
  if (node["version"]) spec.version = read_byte(node["version"], 0);
  if (node["header_words"]) spec.header_words = read_byte(node["header_words"], 0);
  if (node["ip_length"]) spec.ip_length = read<uint16_t>(node["ip_length"], 0);
  spec.ip_options = read(node["ip_options"], 0u);
  if (node["option_bytes"]) spec.ip_option_bytes = from_hex(node["option_bytes"].as<std::string>());
  spec.fragment = read(node["fragment"], spec.fragment);
  for (const auto& extension : node["extensions"])
    spec.extensions.push_back(read_extension(extension));
}

void read_spoils(const YAML::Node& node, FrameSpec& spec) {
  for (const auto& wrong : node["wrong"]) {
    const auto text = wrong.as<std::string>();
    if (text == "ip_checksum")
      spec.bad_ip_checksum = true;
    else if (text == "l4_checksum")
      spec.bad_l4_checksum = true;
    else if (text == "no_checksum")
      spec.udp_checksum = false;
    else
      throw BadCase(wrong, "wrong can be ip_checksum, l4_checksum, no_checksum");
  }
  spec.padding = read(node["padding"], 0u);
  for (const auto& item : node["patch"])
    spec.patch[item.first.as<size_t>()] = read_byte(item.second, 0);
  if (node["truncate"]) spec.truncate = node["truncate"].as<size_t>();
}

void read_ethernet(const YAML::Node& node, const Topology& topology, PortIndex in,
                   FrameSpec& spec) {
  spec.source_mac = topology.gateways.begin()->second.mac;
  spec.destination_mac = topology.ports[in].mac;
  if (node["src_mac"]) spec.source_mac = read_mac(node["src_mac"]);
  if (node["dst_mac"]) spec.destination_mac = read_mac(node["dst_mac"]);
  if (node["ether_type"]) spec.ether_type = read<uint16_t>(node["ether_type"], 0);
  for (const auto& tag : node["tags"]) spec.tags.push_back(tag.as<uint16_t>());
}

std::vector<Input> repeated(const YAML::Node& node, FrameSpec spec) {
  Input input;
  input.offload = read_offload(node["device_says"]);
  input.first_segment = read(node["first_segment"], size_t{0});
  input.headroom = read(node["headroom"], input.headroom);
  std::vector<Input> out;
  if (node["becomes"] && (node["flows"] || node["times"]))
    throw BadCase(node["becomes"], "one packet becomes another, not several");
  for (unsigned i = 0; i < read(node["flows"], 1u); ++i, ++spec.source_port) {
    input.frame = build(spec);
    out.insert(out.end(), read(node["times"], 1u), input);
  }
  return out;
}

}  // namespace

Endpoint read_endpoint(const YAML::Node& node) {
  const auto text = read<std::string>(node, "");
  if (const auto address = IpAddress::parse(text)) return {*address, 0};
  const auto endpoint = Endpoint::parse(text);
  if (!endpoint) throw BadCase(node, "neither an address nor an endpoint");
  return *endpoint;
}

Ends read_ends(const YAML::Node& node) {
  const bool v6 = read(node["v6"], false);
  const uint16_t service = node["udp"] ? 53 : 80;
  Ends out;
  out.from = {*IpAddress::parse(v6 ? "2001:db8:c::9" : "198.51.100.9"), 4000};
  out.to = {*IpAddress::parse(v6 ? "2001:db8::20" : "192.0.2.20"), service};
  if (node["from"]) out.from = read_endpoint(node["from"]);
  if (node["to"]) out.to = read_endpoint(node["to"]);
  if (out.from.address.family() != out.to.address.family())
    throw BadCase(node, "from and to are of two families");
  return out;
}

Bytes read_becomes(const YAML::Node& node, const Topology& topology, PortIndex in) {
  YAML::Node changed = YAML::Clone(node);
  changed.remove("becomes");
  return read_packets(merged(changed, node["becomes"]), topology, in).at(0).frame;
}

std::vector<Input> read_packets(const YAML::Node& node, const Topology& topology, PortIndex in) {
  only(node,
       {"tcp",         "udp",           "icmp",     "protocol",    "arp",         "raw",
        "v6",          "from",          "to",       "payload",     "seq",         "ack",
        "code",        "mtu",           "quote",    "quote_bytes", "tcp_options", "data_offset",
        "udp_length",  "ttl",           "tos",      "id",          "version",     "header_words",
        "ip_length",   "ip_options",    "fragment", "extensions",  "wrong",       "padding",
        "patch",       "truncate",      "src_mac",  "dst_mac",     "ether_type",  "tags",
        "device_says", "first_segment", "flows",    "times",       "headroom",    "data",
        "options",     "urgent",        "becomes",  "rest",        "option_bytes"});
  if (node["raw"]) {
    Input input;
    input.frame = from_hex(read<std::string>(node["raw"], ""));
    input.first_segment = read(node["first_segment"], size_t{0});
    return {input};
  }
  if (node["arp"])
    return {{build_arp(topology.gateways.begin()->second.mac, *IpAddress::parse("192.0.2.254"),
                       read_address(node["arp"]))}};
  FrameSpec spec;
  const Ends ends = read_ends(node);
  spec.source = ends.from.address;
  spec.source_port = ends.from.port;
  spec.destination = ends.to.address;
  spec.destination_port = ends.to.port;
  read_ethernet(node, topology, in, spec);
  read_ip(node, spec);
  read_protocol(node, spec);
  if (node["quote"]) {
    // The IP packet, as much of it as is quoted.
    Bytes quoted = read_packets(node["quote"], topology, in).at(0).frame;
    quoted.erase(quoted.begin(), quoted.begin() + 14);
    quoted.resize(std::min(quoted.size(), read(node["quote_bytes"], size_t{500})));
    spec.payload = quoted;
  }
  read_spoils(node, spec);
  return repeated(node, spec);
}

}  // namespace lbd::test
