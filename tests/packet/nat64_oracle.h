// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "oracle.h"

namespace lbd::test {

enum class Crossed {
  kNo,
  kWhole,      // or the last piece of a packet that was cut
  kPieceOfIt,  // another piece
};

/// Whether `out` is `in` translated into the other IP version (RFC 7915) by `port`, to whichever
/// addresses and ports: every field of the IP headers is what the RFC says, the transport's bytes
/// are as they were but for ports and checksum, and that is right where it was right, and as wrong
/// as before where it was wrong. Of an ICMP error the quoted packet too; which error it has become
/// is for the case to say.
Crossed crossed_form(const Bytes& in, const Bytes& out, const MacAddress& port);

/// "3/4 0000058c": type, code and the rest of the header of an ICMP message; "" for other packets.
std::string icmp_text(const Bytes& frame);

}  // namespace lbd::test
