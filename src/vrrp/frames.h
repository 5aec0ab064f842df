// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "common/address.h"

namespace lbd::vrrp {

/// A gratuitous ARP request (RFC 5227 3, RFC 9568 6.4.1 (115)): to everybody, sender and target the
/// address. With its Ethernet header.
std::vector<uint8_t> gratuitous_arp(const MacAddress& mac, const IpAddress& address);

/// An unsolicited neighbour advertisement (RFC 4861 7.2.6): to ff02::1, flags Router and Override,
/// target link-layer address, hop limit 255. With its Ethernet and IPv6 headers.
std::vector<uint8_t> unsolicited_advertisement(const MacAddress& mac, const IpAddress& address);

/// An advertisement to a group from a virtual router's own MAC address (RFC 9568 5.1.1, 5.1.2),
/// with its Ethernet and IP headers. `payload` is build()'s.
std::vector<uint8_t> advertisement_frame(const MacAddress& mac, const IpAddress& source,
                                         const IpAddress& group, std::span<const uint8_t> payload);

/// The one of the address's family.
std::vector<uint8_t> announcement(const MacAddress& mac, const IpAddress& address);

}  // namespace lbd::vrrp
