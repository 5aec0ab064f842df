// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "control/config/model.h"

// Numbers as the file writes them. An Error's message is the cause alone, without place or remedy.
namespace lbd::config {

/// A whole number in decimal: no sign but '-', no leading zeros, no hexadecimal. Values beyond 64
/// bits saturate, so that a range check after it still tells "above" from "below".
Result<int64_t> parse_number(std::string_view text);

/// "10ms", "3s", "2m", "1h"; up to three decimals ("1.5s") where whole milliseconds come out.
Result<Milliseconds> parse_duration(std::string_view text);
/// The shortest of the forms above: 120000 ms is "2m".
std::string format_duration(Milliseconds duration);

/// "64KiB", "512MiB", "2GiB": bytes.
Result<uint64_t> parse_size(std::string_view text);
/// The reverse of parse_size; bytes that make no whole KiB are written as "N bytes".
std::string format_size(uint64_t bytes);

/// "50%": 50.
Result<int64_t> parse_percent(std::string_view text);

/// An even number of hexadecimal digits, colons between bytes allowed.
Result<std::vector<uint8_t>> parse_hex(std::string_view text);

}  // namespace lbd::config
