// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace lbd {

/// How a service tells its servers by fullnat, which see a local address instead, who their client
/// is.
enum class ClientAddress : uint8_t {
  kNone,
  kToa,      // TCP option 254 on the client's first segments
  kProxyV2,  // a PROXY protocol header, version 2, in front of the client's data
};

/// How far that has got with a connection. In the upper three bits of Connection::flags.
enum class Telling : uint8_t {
  kNothing = 0,
  kToaIdle = 1 << 5,  // no handshake has begun, or the server has been told
  kToa = 2 << 5,      // the server has answered the client's SYN
  kHeaderIdle = 3 << 5,
  kHeader = 4 << 5,      // the same; the server has not acknowledged the whole header
  kHeaderTold = 5 << 5,  // it has
};
inline constexpr uint8_t kTellingBits = 7 << 5;

/// Of a new connection.
constexpr Telling first_telling(ClientAddress what) {
  return what == ClientAddress::kNone  ? Telling::kNothing
         : what == ClientAddress::kToa ? Telling::kToaIdle
                                       : Telling::kHeaderIdle;
}

constexpr bool is_toa(Telling telling) {
  return telling == Telling::kToaIdle || telling == Telling::kToa;
}

}  // namespace lbd
