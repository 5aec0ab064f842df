// SPDX-License-Identifier: Apache-2.0
#include "control/config/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "control/config/error.h"

namespace lbd::config {
namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};
constexpr std::array<Unit, 4> kDurations{{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};
constexpr std::array<Unit, 3> kSizes{
    {{"KiB", 1ull << 10}, {"MiB", 1ull << 20}, {"GiB", 1ull << 30}}};

// Far above every range of the file, and low enough that no product below overflows.
constexpr uint64_t kMaxCount = 1'000'000'000;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

size_t count_digits(std::string_view text) {
  return static_cast<size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
}

/// `digits` holds only digits. Saturates at kMaxCount.
uint64_t count(std::string_view digits) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc() ? std::min(value, kMaxCount) : kMaxCount;
}

template <size_t N>
const Unit* find_unit(const std::array<Unit, N>& units, std::string_view name) {
  const auto found =
      std::find_if(units.begin(), units.end(), [&](const Unit& unit) { return unit.name == name; });
  return found == units.end() ? nullptr : &*found;
}

/// The largest unit that divides `value`; `value` is above 0.
template <size_t N>
const Unit* largest_unit(const std::array<Unit, N>& units, uint64_t value) {
  const Unit* best = nullptr;
  for (const Unit& unit : units)
    if (value % unit.factor == 0) best = &unit;
  return best;
}

}  // namespace

Result<int64_t> parse_number(std::string_view text) {
  const bool negative = text.starts_with('-');
  const std::string_view digits = text.substr(negative ? 1 : 0);
  if (digits.empty() || count_digits(digits) != digits.size())
    return Error{quote(text) + " is not a whole number"};
  if (digits.size() > 1 && digits[0] == '0') return Error{quote(text) + " has a leading zero"};
  int64_t value = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec != std::errc())
    value = std::numeric_limits<int64_t>::max();
  return negative ? -value : value;
}

Result<Milliseconds> parse_duration(std::string_view text) {
  const size_t whole = count_digits(text);
  if (whole == 0) return Error{quote(text) + " is not a duration"};
  std::string_view rest = text.substr(whole);
  std::string_view decimals;
  if (rest.starts_with('.')) {
    decimals = rest.substr(1, count_digits(rest.substr(1)));
    if (decimals.empty() || decimals.size() > 3) return Error{quote(text) + " is not a duration"};
    rest.remove_prefix(1 + decimals.size());
  }
  if (rest.empty()) return Error{quote(text) + " has no unit"};
  const Unit* unit = find_unit(kDurations, rest);
  if (unit == nullptr) return Error{quote(text) + " is not a duration"};
  const uint64_t thousandths = count(std::string(decimals) + std::string(3 - decimals.size(), '0'));
  if (thousandths * unit->factor % 1000 != 0)
    return Error{quote(text) + " is no whole number of milliseconds"};
  const uint64_t value = count(text.substr(0, whole)) * unit->factor +
                         (decimals.empty() ? 0 : thousandths * unit->factor / 1000);
  return Milliseconds(static_cast<int64_t>(value));
}

std::string format_duration(Milliseconds duration) {
  if (duration.count() <= 0) return "0s";
  const auto value = static_cast<uint64_t>(duration.count());
  const Unit* unit = largest_unit(kDurations, value);
  return std::to_string(value / unit->factor) + std::string(unit->name);
}

Result<uint64_t> parse_size(std::string_view text) {
  const size_t whole = count_digits(text);
  if (whole == 0) return Error{quote(text) + " is not a size"};
  if (whole == text.size()) return Error{quote(text) + " has no unit"};
  const Unit* unit = find_unit(kSizes, text.substr(whole));
  if (unit == nullptr) return Error{quote(text) + " is not a size"};
  return count(text.substr(0, whole)) * unit->factor;
}

std::string format_size(uint64_t bytes) {
  const Unit* unit = bytes == 0 ? nullptr : largest_unit(kSizes, bytes);
  if (unit == nullptr) return std::to_string(bytes) + " bytes";
  return std::to_string(bytes / unit->factor) + std::string(unit->name);
}

Result<int64_t> parse_percent(std::string_view text) {
  if (!text.ends_with('%')) return Error{quote(text) + " is not a percentage"};
  const Result<int64_t> number = parse_number(text.substr(0, text.size() - 1));
  if (!number) return Error{quote(text) + " is not a percentage"};
  return number;
}

Result<std::vector<uint8_t>> parse_hex(std::string_view text) {
  std::string digits(text);
  std::erase(digits, ':');
  if (digits.size() % 2 != 0)
    return Error{quote(text) + " has an odd number of hexadecimal digits"};
  std::vector<uint8_t> bytes(digits.size() / 2);
  for (size_t i = 0; i < bytes.size(); ++i) {
    const char* start = digits.data() + 2 * i;
    const auto [end, error] = std::from_chars(start, start + 2, bytes[i], 16);
    if (error != std::errc() || end != start + 2) return Error{quote(text) + " is not hexadecimal"};
  }
  return bytes;
}

}  // namespace lbd::config
