// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "oracle.h"

namespace lbd::test {

/// Whether `out` is `in` after network address translation by `port`, to whichever addresses and
/// ports: nothing else is changed but the MAC addresses, the TTL, which is one less, and checksums,
/// which are right where they were right, and as wrong as before where they were wrong. The same of
/// the packet that an ICMP error quotes.
bool is_translated_form(const Bytes& in, const Bytes& out, const MacAddress& port);

/// "198.51.100.9:4000 > 10.0.0.11:80"; of an ICMP error "192.0.2.7 > 10.0.0.11 (A > B)", with the
/// quoted packet's tuple in brackets.
std::string tuple_text(const Bytes& frame);

}  // namespace lbd::test
