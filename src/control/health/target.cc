// SPDX-License-Identifier: Apache-2.0
#include "control/health/outcome.h"

namespace lbd::health {
namespace {

/// Joins fields so that no two lists of fields give the same text.
class Key {
 public:
  Key& add(const std::string& field) {
    text_ += std::to_string(field.size()) + ":" + field;
    return *this;
  }
  Key& add(uint64_t number) { return add(std::to_string(number)); }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void add(Key& key, const config::TcpCheck&) {
  key.add("tcp");
}
void add(Key& key, const config::PingCheck&) {
  key.add("ping");
}
void add(Key& key, const config::SmtpCheck& check) {
  key.add("smtp").add(check.helo);
}
void add(Key& key, const config::DnsCheck& check) {
  key.add("dns").add(check.name).add(check.type);
}
void add(Key& key, const config::UdpCheck& check) {
  key.add("udp").add(check.send).add(check.expect).add(check.require_reply);
}
void add(Key& key, const config::ExecCheck& check) {
  key.add("exec").add(check.command.text).add(check.dynamic_weight);
}
void add(Key& key, const config::HttpCheck& check) {
  key.add("http").add(check.tls).add(check.host).add(check.sni).add(check.verify);
  key.add(check.ca_file);
  for (const config::HttpPage& page : check.pages) {
    key.add(page.path).add(page.digest).add(page.match).add(page.status.size());
    for (const auto& range : page.status) key.add(range.first).add(range.last);
  }
}

struct Titles {
  std::string place;
  std::string address;

  std::string operator()(const config::TcpCheck&) const { return "tcp " + place; }
  std::string operator()(const config::HttpCheck& check) const {
    return (check.tls ? "https " : "http ") + place + " " + check.pages.front().path +
           (check.pages.size() > 1 ? " ..." : "");
  }
  std::string operator()(const config::SmtpCheck&) const { return "smtp " + place; }
  std::string operator()(const config::DnsCheck& check) const {
    return "dns " + place + " " + check.name;
  }
  std::string operator()(const config::UdpCheck&) const { return "udp " + place; }
  std::string operator()(const config::PingCheck&) const { return "ping " + address; }
  std::string operator()(const config::ExecCheck& check) const {
    return "exec " + check.command.words.front();
  }
};

struct Makers {
  const AttemptParts& parts;
  Attempt::Done done;

  auto operator()(const config::TcpCheck&) { return make_tcp(parts, std::move(done)); }
  auto operator()(const config::HttpCheck&) { return make_http(parts, std::move(done)); }
  auto operator()(const config::SmtpCheck&) { return make_smtp(parts, std::move(done)); }
  auto operator()(const config::DnsCheck&) { return make_dns(parts, std::move(done)); }
  auto operator()(const config::UdpCheck&) { return make_udp(parts, std::move(done)); }
  auto operator()(const config::PingCheck&) { return make_ping(parts, std::move(done)); }
  auto operator()(const config::ExecCheck&) { return make_exec(parts, std::move(done)); }
};

}  // namespace

std::string Target::title() const {
  return std::visit(Titles{Endpoint{address, port}.to_string(), address.to_string()}, check.what);
}

std::string Target::key() const {
  Key key;
  key.add(address.to_string()).add(port).add(service).add(server);
  key.add(check.source ? check.source->to_string() : "");
  for (const auto time : {check.interval, check.timeout, check.retry_delay})
    key.add(static_cast<uint64_t>(time.count()));
  key.add(check.retries).add(check.rise).add(check.only_while_held);
  std::visit([&key](const auto& what) { add(key, what); }, check.what);
  return key.take();
}

std::unique_ptr<Attempt> make_attempt(const AttemptParts& parts, Attempt::Done done) {
  return std::visit(Makers{parts, std::move(done)}, parts.target.check.what);
}

}  // namespace lbd::health
