// SPDX-License-Identifier: Apache-2.0
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <sys/random.h>

#include <array>
#include <cstring>

#include "common/checksum.h"
#include "control/health/talk.h"

namespace lbd::health {
namespace {

/// ICMP echo (RFC 792) and ICMPv6 echo (RFC 4443 4.1): type, code, checksum, identifier and
/// sequence; then 8 random bytes, so that no other ping's answer is taken for ours.
constexpr size_t kLength = 16;

class PingAttempt : public Talk {
 public:
  PingAttempt(const AttemptParts& parts, Done done)
      : Talk(parts, Channel::Kind::kPing, std::move(done)), v4_(parts.target.address.is_v4()) {
    request_[0] = v4_ ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
    (void)!::getrandom(&request_[4], kLength - 4, 0);
    if (!v4_) return;  // the kernel computes ICMPv6's checksum
    const uint16_t sum = checksum::of(request_.data(), kLength);
    std::memcpy(&request_[2], &sum, sizeof sum);
  }

 private:
  void opened() override {
    waits("waiting for the echo");
    send({reinterpret_cast<const char*>(request_.data()), kLength}, "echo request");
    receive();
  }

  void received(std::string_view data) override {
    // Raw IPv4 sockets give the IP header, too.
    if (v4_ && !data.empty())
      data.remove_prefix(std::min<size_t>(data.size(), (data[0] & 15) * 4u));
    const auto type = static_cast<char>(v4_ ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY);
    const bool ours = data.size() >= kLength && data[0] == type &&
                      std::memcmp(data.data() + 4, &request_[4], kLength - 4) == 0;
    if (!ours) return receive();
    note("received: echo reply");
    finish(Outcome::success());
  }

  const bool v4_;
  std::array<uint8_t, kLength> request_{};
};

}  // namespace

std::unique_ptr<Attempt> make_ping(const AttemptParts& parts, Attempt::Done done) {
  return std::make_unique<PingAttempt>(parts, std::move(done));
}

}  // namespace lbd::health
