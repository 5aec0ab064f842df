// SPDX-License-Identifier: Apache-2.0
#include "control/health/channel.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

namespace lbd::health {
namespace {

namespace asio = boost::asio;
namespace ssl = asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;

constexpr size_t kPiece = 16384;
/// ICMP_FILTER of linux/icmp.h, which cannot stand beside net/if.h: a mask of types not wanted.
constexpr int kIcmpFilter = 1;

class SslContext : public TlsContext {
 public:
  ssl::context context{ssl::context::tls_client};
  bool verify = false;
};

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress socket_address(const IpAddress& address, uint16_t port) {
  SocketAddress out;
  if (address.is_v4()) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    std::memcpy(&v4->sin_addr, address.data(), 4);
    out.length = sizeof(sockaddr_in);
  } else {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    std::memcpy(&v6->sin6_addr, address.data(), 16);
    out.length = sizeof(sockaddr_in6);
  }
  return out;
}

bool is_ours(int number) {
  return number == EMFILE || number == ENFILE || number == ENOBUFS || number == ENOMEM ||
         number == EADDRNOTAVAIL || number == EADDRINUSE || number == EACCES || number == EPERM;
}

std::string lower(std::string text) {
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] + 32);
  return text;
}

Failure failure(const std::string& what, const error_code& error) {
  if (error.category() == asio::error::get_ssl_category()) {
    const char* reason = ::ERR_reason_error_string(static_cast<unsigned long>(error.value()));
    return {what + ": " + (reason != nullptr ? reason : error.message()), false};
  }
  return {what + ": " + lower(error.message()), is_ours(error.value())};
}

Failure failure(const std::string& what, int number) {
  return failure(what, error_code(number, boost::system::system_category()));
}

/// Sees only echo replies: every raw socket gets every ICMP message otherwise.
void filter_pings(int fd, bool v4) {
  if (v4) {
    const uint32_t others = ~(1u << ICMP_ECHOREPLY);
    ::setsockopt(fd, SOL_RAW, kIcmpFilter, &others, sizeof others);
  } else {
    icmp6_filter filter{};
    ICMP6_FILTER_SETBLOCKALL(&filter);
    ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
    ::setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter);
  }
}

/// A socket that does not block, bound to the source where one is given.
int make_socket(const Channel::Options& options) {
  const bool v4 = options.server.address.is_v4();
  int type = SOCK_STREAM;
  int protocol = 0;
  if (options.kind == Channel::Kind::kUdp) type = SOCK_DGRAM;
  if (options.kind == Channel::Kind::kPing) {
    type = SOCK_RAW;
    protocol = v4 ? static_cast<int>(IPPROTO_ICMP) : static_cast<int>(IPPROTO_ICMPV6);
  }
  const int fd = ::socket(v4 ? AF_INET : AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  if (fd < 0) return -1;
  if (options.kind == Channel::Kind::kPing) filter_pings(fd, v4);
  if (options.kind == Channel::Kind::kUdp) {
    // Else the kernel tells of an unreachable port only, not of an unreachable host.
    const int on = 1;
    ::setsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_RECVERR : IPV6_RECVERR, &on,
                 sizeof on);
  }
  if (type == SOCK_STREAM) {
    // Thousands of checks a second must not leave thousands of sockets in TIME_WAIT behind.
    const linger reset{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
  if (options.source) {
    const SocketAddress source = socket_address(*options.source, 0);
    if (::bind(fd, source.get(), source.length) != 0) {
      const int number = errno;
      ::close(fd);
      errno = number;
      return -1;
    }
  }
  return fd;
}

/// A connected descriptor: plain TCP, UDP or ICMP.
class PlainChannel : public Channel, public std::enable_shared_from_this<PlainChannel> {
 public:
  PlainChannel(asio::io_context& io, Options options) : options_(std::move(options)), fd_(io) {}

  void open(Opened opened) override {
    const int fd = make_socket(options_);
    if (fd < 0) return later(std::move(opened), failure("socket", errno));
    fd_.assign(fd);
    const SocketAddress server = socket_address(options_.server.address, options_.server.port);
    if (::connect(fd, server.get(), server.length) == 0) return later(std::move(opened), {});
    if (errno != EINPROGRESS) return later(std::move(opened), failure("connect", errno));
    fd_.async_wait(asio::posix::descriptor_base::wait_write,
                   [me = shared_from_this(), opened = std::move(opened)](const error_code& error) {
                     if (!me->closed_ && !error) opened(me->connected());
                   });
  }

  void send(std::string data) override {
    auto text = std::make_shared<std::string>(std::move(data));
    if (options_.kind == Kind::kUdp || options_.kind == Kind::kPing) {
      // What is wrong with it (refused) is told by the next receive.
      (void)::send(fd_.native_handle(), text->data(), text->size(), MSG_NOSIGNAL);
      return;
    }
    asio::async_write(fd_, asio::buffer(*text),
                      [text, me = shared_from_this()](const error_code&, size_t) {});
  }

  void receive(Received received) override {
    fd_.async_wait(
        asio::posix::descriptor_base::wait_read,
        [me = shared_from_this(), received = std::move(received)](const error_code& error) {
          if (me->closed_ || error) return;
          const ssize_t n =
              ::recv(me->fd_.native_handle(), me->buffer_.data(), me->buffer_.size(), 0);
          if (n < 0 && (errno == EAGAIN || errno == EINTR)) return me->receive(received);
          if (n < 0) return received(failure("receive", errno), {});
          received({}, {me->buffer_.data(), static_cast<size_t>(n)});
        });
  }

  std::string phase() const override { return "while connecting"; }

  void close() {
    closed_ = true;
    error_code ignored;
    fd_.close(ignored);
  }

 private:
  MaybeFailure connected() {
    int number = 0;
    socklen_t length = sizeof number;
    ::getsockopt(fd_.native_handle(), SOL_SOCKET, SO_ERROR, &number, &length);
    if (number == 0) return {};
    return failure("connect", number);
  }

  void later(Opened opened, MaybeFailure what) {
    asio::post(fd_.get_executor(), [me = shared_from_this(), opened = std::move(opened), what] {
      if (!me->closed_) opened(what);
    });
  }

  const Options options_;
  asio::posix::stream_descriptor fd_;
  bool closed_ = false;
  std::array<char, kPiece> buffer_;
};

class TlsChannel : public Channel, public std::enable_shared_from_this<TlsChannel> {
 public:
  TlsChannel(asio::io_context& io, Options options)
      : options_(std::move(options)),
        context_(std::static_pointer_cast<SslContext>(options_.tls)),
        stream_(io, context_->context) {}

  void open(Opened opened) override {
    const int fd = make_socket(options_);
    if (fd < 0) return later(std::move(opened), failure("socket", errno));
    const bool v4 = options_.server.address.is_v4();
    stream_.next_layer().assign(v4 ? tcp::v4() : tcp::v6(), fd);
    if (!options_.sni.empty())
      ::SSL_set_tlsext_host_name(stream_.native_handle(), options_.sni.c_str());
    if (context_->verify) check_names();
    tcp::endpoint server(asio::ip::make_address(options_.server.address.to_string()),
                         options_.server.port);
    stream_.next_layer().async_connect(
        server, [me = shared_from_this(), opened = std::move(opened)](const error_code& error) {
          if (me->closed_) return;
          if (error) return opened(failure("connect", error));
          me->handshake(opened);
        });
  }

  void send(std::string data) override {
    auto text = std::make_shared<std::string>(std::move(data));
    asio::async_write(stream_, asio::buffer(*text),
                      [text, me = shared_from_this()](const error_code&, size_t) {});
  }

  void receive(Received received) override {
    stream_.async_read_some(
        asio::buffer(buffer_), [me = shared_from_this(), received = std::move(received)](
                                   const error_code& error, size_t n) {
          if (me->closed_) return;
          // Many servers end without the closing alert of TLS; the length of the body tells.
          if (error == asio::error::eof || error == ssl::error::stream_truncated)
            return received({}, {});
          if (error) return received(failure("receive", error), {});
          received({}, {me->buffer_.data(), n});
        });
  }

  std::string phase() const override {
    return shaking_ ? "in the TLS handshake" : "while connecting";
  }

  void close() {
    closed_ = true;
    error_code ignored;
    stream_.next_layer().close(ignored);
  }

 private:
  /// An address as a name is compared with the certificate's addresses.
  void check_names() {
    SSL* ssl = stream_.native_handle();
    X509_VERIFY_PARAM* parameters = ::SSL_get0_param(ssl);
    const std::string& name = options_.verify_name;
    if (::X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str()) != 1)
      ::SSL_set1_host(ssl, name.c_str());
  }

  void handshake(Opened opened) {
    shaking_ = true;
    stream_.async_handshake(
        ssl::stream_base::client,
        [me = shared_from_this(), opened = std::move(opened)](const error_code& error) {
          if (me->closed_) return;
          if (!error) return opened({});
          const long verified = ::SSL_get_verify_result(me->stream_.native_handle());
          if (me->context_->verify && verified != X509_V_OK)
            return opened(
                Failure{std::string("certificate: ") + ::X509_verify_cert_error_string(verified)});
          opened(failure("TLS handshake", error));
        });
  }

  void later(Opened opened, MaybeFailure what) {
    asio::post(stream_.get_executor(), [me = shared_from_this(), opened = std::move(opened), what] {
      if (!me->closed_) opened(what);
    });
  }

  const Options options_;
  const std::shared_ptr<SslContext> context_;
  ssl::stream<tcp::socket> stream_;
  bool shaking_ = false;
  bool closed_ = false;
  std::array<char, kPiece> buffer_;
};

/// Operations hold the channel until they have ended (a TLS stream must not go before); its owner
/// only closes it.
template <class T>
class Owned : public Channel {
 public:
  Owned(asio::io_context& io, Options options)
      : channel_(std::make_shared<T>(io, std::move(options))) {}
  ~Owned() override { channel_->close(); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  void open(Opened opened) override { channel_->open(std::move(opened)); }
  void send(std::string data) override { channel_->send(std::move(data)); }
  void receive(Received received) override { channel_->receive(std::move(received)); }
  std::string phase() const override { return channel_->phase(); }

 private:
  std::shared_ptr<T> channel_;
};

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::make(bool verify, const std::string& ca_file) {
  auto context = std::make_shared<SslContext>();
  context->verify = verify;
  if (!verify) {
    context->context.set_verify_mode(ssl::verify_none);
    return std::shared_ptr<TlsContext>(std::move(context));
  }
  error_code error;
  if (ca_file.empty())
    context->context.set_default_verify_paths(error);
  else
    context->context.load_verify_file(ca_file, error);
  if (error)
    return Error{"ca_file " + (ca_file.empty() ? "of the system" : ca_file) + ": " +
                 error.message()};
  context->context.set_verify_mode(ssl::verify_peer);
  return std::shared_ptr<TlsContext>(std::move(context));
}

std::unique_ptr<Channel> Channel::make(asio::io_context& io, Options options) {
  if (options.kind == Kind::kTls)
    return std::make_unique<Owned<TlsChannel>>(io, std::move(options));
  return std::make_unique<Owned<PlainChannel>>(io, std::move(options));
}

}  // namespace lbd::health
