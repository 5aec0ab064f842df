// SPDX-License-Identifier: Apache-2.0
#include "control/health/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <utility>

namespace lbd {
namespace {

/// Some 20 ms of backtracking, which the longest body may take, and 4 MiB for it.
constexpr uint32_t kMatchLimit = 3'000'000;
constexpr uint32_t kHeapLimit = 4096;  // KiB

}  // namespace

struct Pattern::Code {
  pcre2_code* code = nullptr;
  pcre2_match_context* limits = nullptr;
  ~Code() {
    pcre2_match_context_free(limits);
    pcre2_code_free(code);
  }
};

Result<Pattern> Pattern::compile(const std::string& text) {
  int number = 0;
  PCRE2_SIZE offset = 0;
  auto made = std::make_shared<Code>();
  made->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, &number,
                             &offset, nullptr);
  if (made->code == nullptr) {
    std::array<PCRE2_UCHAR, 256> message{};
    pcre2_get_error_message(number, message.data(), message.size());
    return Error{std::string(reinterpret_cast<const char*>(message.data())) + ", at character " +
                 std::to_string(offset)};
  }
  made->limits = pcre2_match_context_create(nullptr);
  pcre2_set_match_limit(made->limits, kMatchLimit);
  pcre2_set_heap_limit(made->limits, kHeapLimit);
  return Pattern(std::move(made));
}

std::optional<bool> Pattern::found_in(std::string_view text) const {
  pcre2_match_data* match = pcre2_match_data_create(1, nullptr);
  const int result = pcre2_match(code_->code, reinterpret_cast<PCRE2_SPTR>(text.data()),
                                 text.size(), 0, 0, match, code_->limits);
  pcre2_match_data_free(match);
  if (result < PCRE2_ERROR_NOMATCH) return std::nullopt;
  return result >= 0;
}

}  // namespace lbd
