// SPDX-License-Identifier: Apache-2.0
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>

#include "control/health/pattern.h"
#include "control/health/talk.h"

namespace lbd::health {
namespace {

namespace http = boost::beast::http;

constexpr size_t kMd5Digits = 32;
/// Of a body; what is longer cannot be judged by digest or pattern.
constexpr size_t kLongestBody = 1u << 20;
constexpr uint32_t kLongestHeader = 64u << 10;
constexpr size_t kPiece = 16u << 10;  // at most, that comes at once

std::string digest_of(std::string_view body, const EVP_MD* method) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned length = 0;
  if (::EVP_Digest(body.data(), body.size(), bytes.data(), &length, method, nullptr) != 1)
    return "";
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (unsigned i = 0; i < length; ++i) out += {kDigits[bytes[i] >> 4], kDigits[bytes[i] & 15]};
  return out;
}

std::string status_text(const std::vector<config::HttpPage::Status>& ranges) {
  std::string out;
  for (const auto& range : ranges) {
    out += (out.empty() ? "" : ", ") + std::to_string(range.first);
    if (range.last != range.first) out += "-" + std::to_string(range.last);
  }
  return out;
}

/// One page after the other, each over a connection of its own; all must be right.
class HttpAttempt : public Talk {
 public:
  HttpAttempt(const AttemptParts& parts, Done done)
      : Talk(parts, kind_of(parts), std::move(done)),
        check_(std::get<config::HttpCheck>(parts.target.check.what)) {
    options().sni = check_.sni;
    options().verify_name = !check_.sni.empty()    ? check_.sni
                            : !check_.host.empty() ? check_.host
                                                   : parts.target.address.to_string();
  }

 private:
  static Channel::Kind kind_of(const AttemptParts& parts) {
    return std::get<config::HttpCheck>(parts.target.check.what).tls ? Channel::Kind::kTls
                                                                    : Channel::Kind::kTcp;
  }
  const config::HttpPage& page() const { return check_.pages[page_]; }
  bool needs_body() const { return tracing() || !page().digest.empty() || !page().match.empty(); }

  void opened() override {
    waits("waiting for the answer");
    make_parser();
    buffer_.clear();
    send("GET " + page().path + " HTTP/1.1\r\nHost: " + host() +
         "\r\nUser-Agent: lbd\r\nAccept: */*\r\nConnection: close\r\n\r\n");
    receive();
  }

  /// RFC 9110 7.2: with the port where it is not the scheme's own. A server that chooses its
  /// certificate by a name wants the same one here.
  std::string host() const {
    if (!check_.host.empty()) return check_.host;
    if (!check_.sni.empty()) return check_.sni;
    const bool usual = target().port == (check_.tls ? 443 : 80);
    const std::string address = target().address.to_string();
    if (!usual) return Endpoint{target().address, target().port}.to_string();
    return target().address.is_v4() ? address : "[" + address + "]";
  }

  void received(std::string_view data) override {
    boost::system::error_code error;
    const bool ended = data.empty();
    if (ended) {
      if (!parser_->got_some()) return finish(Outcome::failure("closed without an answer"));
      parser_->put_eof(error);
      if (error) return finish(Outcome::failure("answer is cut short"));
    } else {
      // The parser bounds headers and bodies, but not extensions of chunks, nor trailers.
      if (buffer_.size() + data.size() > buffer_.max_size())
        return finish(Outcome::failure("answer is no HTTP: a line without an end"));
      buffer_.commit(boost::asio::buffer_copy(buffer_.prepare(data.size()),
                                              boost::asio::buffer(data.data(), data.size())));
      put(error);
    }
    const bool too_long = error == http::error::body_limit;
    if (error && error != http::error::need_more && !too_long)
      return finish(Outcome::failure("answer is no HTTP: " + error.message()));
    if (parser_->is_header_done() && !header_seen_) {
      header_seen_ = true;
      if (auto fault = header_fault(); !fault.empty()) return finish(Outcome::failure(fault));
    }
    if (header_seen_ && !needs_body()) return page_done();
    if (too_long) {
      if (page().digest.empty() && page().match.empty()) return page_done();
      return finish(Outcome::failure("body is longer than 1 MiB"));
    }
    if (!parser_->is_done() && !ended) return receive();
    if (auto fault = body_fault(); !fault.empty()) return finish(Outcome::failure(fault));
    page_done();
  }

  /// An interim answer (RFC 9110 15.2) is none: the next one is waited for.
  void put(boost::system::error_code& error) {
    for (;;) {
      buffer_.consume(parser_->put(buffer_.data(), error));
      const bool interim = parser_->is_header_done() && parser_->get().result_int() / 100 == 1;
      if (!interim) return;
      make_parser();
      error = {};
      if (buffer_.size() == 0) return;
    }
  }

  void make_parser() {
    parser_.emplace();
    parser_->eager(true);  // all that is there, not one element a call
    parser_->body_limit(kLongestBody);
    parser_->header_limit(kLongestHeader);
  }

  std::string header_fault() {
    const unsigned status = parser_->get().result_int();
    if (tracing()) {
      note("status: " + std::to_string(status));
      for (const auto& field : parser_->get().base())
        note("received: " +
             shown_bytes(std::string(field.name_string()) + ": " + std::string(field.value())));
    }
    const auto allowed = [status](const auto& range) {
      return range.first <= status && status <= range.last;
    };
    if (std::any_of(page().status.begin(), page().status.end(), allowed)) return "";
    return "status " + std::to_string(status) + ", not " + status_text(page().status) + at_page();
  }

  std::string body_fault() {
    const std::string& body = parser_->get().body();
    if (tracing()) {
      note("body: " + std::to_string(body.size()) + " bytes, MD5 " + digest_of(body, ::EVP_md5()) +
           ", SHA-256 " + digest_of(body, ::EVP_sha256()));
    }
    if (!page().digest.empty()) {
      const bool md5 = page().digest.size() == kMd5Digits;
      const std::string found = digest_of(body, md5 ? ::EVP_md5() : ::EVP_sha256());
      if (found != page().digest) return "digest differs: " + found + at_page();
    }
    if (page().match.empty()) return "";
    const auto pattern = Pattern::compile(page().match);
    const auto found = pattern ? pattern->found_in(body) : std::optional(false);
    if (!found) return "body: too much work to look for " + page().match + at_page();
    if (*found) return "";
    return "body does not match " + page().match + at_page();
  }

  void page_done() {
    if (++page_ == check_.pages.size()) return finish(Outcome::success());
    header_seen_ = false;
    close();
    start();
  }

  std::string at_page() const {
    return check_.pages.size() == 1 ? std::string() : " at " + page().path;
  }

  const config::HttpCheck check_;
  size_t page_ = 0;
  bool header_seen_ = false;
  std::optional<http::response_parser<http::string_body>> parser_;
  boost::beast::flat_buffer buffer_{kLongestHeader + 2 * kPiece};
};

}  // namespace

std::unique_ptr<Attempt> make_http(const AttemptParts& parts, Attempt::Done done) {
  return std::make_unique<HttpAttempt>(parts, std::move(done));
}

}  // namespace lbd::health
