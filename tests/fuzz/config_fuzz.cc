// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <string>

#include "control/config/difference.h"
#include "control/config/loader.h"

// Any text must end in a configuration or in errors that can be shown: every one with a cause, no
// control characters. A configuration must not differ from itself.
namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

void check_errors(const std::vector<lbd::config::ConfigError>& errors) {
  check(!errors.empty());
  for (const auto& error : errors) {
    check(!error.message.empty());
    for (const char c : error.to_string()) check(static_cast<unsigned char>(c) >= 0x20);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto result = lbd::config::load_text(text, "fuzz.yaml");
  if (result.ok()) {
    check(lbd::config::difference(result.config(), result.config()).empty());
    check(lbd::config::unchangeable(result.config(), result.config()).empty());
  } else {
    check_errors(result.errors());
  }
  return 0;
}
