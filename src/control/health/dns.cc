// SPDX-License-Identifier: Apache-2.0
#include <sys/random.h>

#include <array>

#include "control/health/talk.h"

namespace lbd::health {
namespace {

constexpr size_t kHeader = 12;

void put16(std::string& out, uint16_t value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value & 0xff);
}

uint16_t get16(std::string_view data, size_t at) {
  return static_cast<uint16_t>(static_cast<uint8_t>(data[at]) << 8 |
                               static_cast<uint8_t>(data[at + 1]));
}

/// RFC 1035 4.1: header, one question. Recursion is desired (RD), as by keepalived.
std::string make_query(uint16_t id, const config::DnsCheck& check) {
  std::string out;
  put16(out, id);
  put16(out, 0x0100);
  for (const uint16_t count : {1, 0, 0, 0}) put16(out, count);
  std::string_view rest = check.name;
  while (!rest.empty() && rest != ".") {
    const std::string_view label = rest.substr(0, rest.find('.'));
    out += static_cast<char>(label.size());
    out += label;
    rest.remove_prefix(std::min(rest.size(), label.size() + 1));
  }
  out += '\0';
  put16(out, check.type);
  put16(out, 1);  // IN
  return out;
}

std::string rcode_name(unsigned rcode) {
  static constexpr std::array<const char*, 6> kNames{"NOERROR",  "FORMERR", "SERVFAIL",
                                                     "NXDOMAIN", "NOTIMP",  "REFUSED"};
  const std::string number = std::to_string(rcode);
  return rcode < kNames.size() ? number + " (" + kNames[rcode] + ")" : number;
}

/// A question over UDP; the answer must carry our id, be an answer, and have rcode 0.
class DnsAttempt : public Talk {
 public:
  DnsAttempt(const AttemptParts& parts, Done done)
      : Talk(parts, Channel::Kind::kUdp, std::move(done)),
        check_(std::get<config::DnsCheck>(parts.target.check.what)) {
    // Others must not be able to answer in the server's place.
    (void)!::getrandom(&id_, sizeof id_, 0);
  }

 private:
  void opened() override {
    waits("waiting for the answer");
    const std::string query = make_query(id_, check_);
    send(query,
         "query " + check_.name + " type " + std::to_string(check_.type) + ", " + shown_hex(query));
    receive();
  }

  void received(std::string_view data) override {
    note("received: " + shown_hex(data));
    // Late answers to earlier questions come to other sockets; this is somebody's noise.
    if (data.size() >= 2 && get16(data, 0) != id_) return receive();
    if (data.size() < kHeader) return finish(Outcome::failure("answer is cut short"));
    const uint16_t flags = get16(data, 2);
    if ((flags & 0x8000) == 0) return finish(Outcome::failure("answer is a question"));
    if (const unsigned rcode = flags & 15; rcode != 0)
      return finish(Outcome::failure("rcode " + rcode_name(rcode)));
    finish(Outcome::success());
  }

  const config::DnsCheck check_;
  uint16_t id_ = 0;
};

}  // namespace

std::unique_ptr<Attempt> make_dns(const AttemptParts& parts, Attempt::Done done) {
  return std::make_unique<DnsAttempt>(parts, std::move(done));
}

}  // namespace lbd::health
