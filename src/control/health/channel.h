// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/address.h"
#include "common/result.h"

namespace boost::asio {
class io_context;
}

namespace lbd::health {

/// What went wrong with a socket. `ours`: lbd could not make or use it (no descriptor, no such
/// source address), which says nothing of the server.
struct Failure {
  std::string reason;
  bool ours = false;
};
using MaybeFailure = std::optional<Failure>;

/// What TLS connections of one check have in common. Loading certificates takes its time: made
/// once.
class TlsContext {
 public:
  /// `ca_file` empty: the system's certificates. Without `verify` none is loaded.
  static Result<std::shared_ptr<TlsContext>> make(bool verify, const std::string& ca_file);
  virtual ~TlsContext() = default;
};

/// One conversation with a server over a socket that never blocks. Callbacks come later, from the
/// event loop, and none after the channel is destroyed. One operation of a kind at a time.
class Channel {
 public:
  enum class Kind : uint8_t { kTcp, kTls, kUdp, kPing };
  struct Options {
    Kind kind = Kind::kTcp;
    Endpoint server;  // kPing: the port means nothing
    std::optional<IpAddress> source;
    std::shared_ptr<TlsContext> tls;
    std::string sni;          // sent where it is not empty
    std::string verify_name;  // the certificate must be for this name or address; empty: for any
  };
  using Opened = std::function<void(const MaybeFailure&)>;
  /// No data and no failure: the server has ended the stream.
  using Received = std::function<void(const MaybeFailure&, std::string_view data)>;

  static std::unique_ptr<Channel> make(boost::asio::io_context& io, Options options);
  virtual ~Channel() = default;
  /// Connects, with the handshake where there is TLS.
  virtual void open(Opened opened) = 0;
  /// All of it; a failure shows at the next receive() too, if nobody listens here.
  virtual void send(std::string data) = 0;
  /// The next piece: at most 16 KiB of a stream, or one datagram.
  virtual void receive(Received received) = 0;
  /// "connecting" or "in the TLS handshake": until it is opened.
  virtual std::string phase() const = 0;
};

}  // namespace lbd::health
