// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "common/address.h"

namespace lbd::vrrp {

/// A gratuitous ARP request (RFC 5227 3, RFC 9568 6.4.1 (115)): to everybody, sender and target the
/// address. With its Ethernet header.
std::vector<uint8_t> gratuitous_arp(const MacAddress& mac, const IpAddress& address);

/// An unsolicited neighbour advertisement (RFC 4861 7.2.6): to ff02::1, flags Router and Override,
/// target link-layer address, hop limit 255. With its Ethernet and IPv6 headers.
std::vector<uint8_t> unsolicited_advertisement(const MacAddress& mac, const IpAddress& address);

/// The one of the address's family.
std::vector<uint8_t> announcement(const MacAddress& mac, const IpAddress& address);

}  // namespace lbd::vrrp
