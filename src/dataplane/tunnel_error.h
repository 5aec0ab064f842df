// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataplane/packet.h"
#include "dataplane/reply.h"
#include "dataplane/worker_context.h"

namespace lbd {

/// ICMP errors that routers between the director and a real server send about the outer packets of
/// a tunnel. They come to the director's own address, and the client, whose packet it was, must
/// hear of it (RFC 2003 4, RFC 2473 8, RFC 4213 3.4).
///
/// What is believed is checked: the error's checksum; that the quoted packet came from an address
/// of ours, went to a real server by a tunnel, and carried one for a service. Then a path's MTU is
/// remembered for the tunnel (PathMtu), and the client is told with the tunnel's overhead taken
/// off; other errors become "host unreachable". Where too little was quoted (RFC 792 asks for 8
/// bytes behind the outer header only) nobody is told; for the MTU, the next long packet is
/// answered from what was remembered.
class TunnelErrors {
 public:
  TunnelErrors(const WorkerContext& context, Replier& replier)
      : context_(context), replier_(replier) {}

  /// True where `packet`, which is ICMP to one address, is such an error: then it has been dealt
  /// with and is to be dropped as Verdict::kTunnelError. Else it is untouched.
  bool take(Packet& packet);

 private:
  struct Error;
  void learn(const Error& error);
  void tell(Packet& packet, const Error& error);

  const WorkerContext& context_;
  Replier& replier_;
};

}  // namespace lbd
