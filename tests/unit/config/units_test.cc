// SPDX-License-Identifier: Apache-2.0
#include "control/config/units.h"

#include <gtest/gtest.h>

#include <limits>

#include "control/config/error.h"
#include "control/config/networks.h"
#include "control/config/suggest.h"

namespace lbd::config {
namespace {

TEST(Units, durations) {
  EXPECT_EQ(parse_duration("10ms").value(), Milliseconds(10));
  EXPECT_EQ(parse_duration("3s").value(), Milliseconds(3'000));
  EXPECT_EQ(parse_duration("2m").value(), Milliseconds(120'000));
  EXPECT_EQ(parse_duration("1h").value(), Milliseconds(3'600'000));
  EXPECT_EQ(parse_duration("0s").value(), Milliseconds(0));
  EXPECT_EQ(parse_duration("40.95s").value(), Milliseconds(40'950));
  EXPECT_EQ(parse_duration("0.5m").value(), Milliseconds(30'000));
  for (const char* bad : {"", "s", "3", "3 s", " 3s", "3S", "3sec", "1m30s", "-3s", "+3s", ".5s",
                          "1.s", "1.0005s", "0.5ms", "1e3s", "0x10s"})
    EXPECT_FALSE(parse_duration(bad)) << bad;
  EXPECT_GT(parse_duration("99999999999999999999999h").value(),
            Milliseconds(std::chrono::years(50)));
}

TEST(Units, durations_are_written_as_they_are_read) {
  for (const char* text : {"1ms", "1500ms", "3s", "90s", "2m", "1h", "168h"})
    EXPECT_EQ(format_duration(parse_duration(text).value()), text);
  EXPECT_EQ(format_duration(Milliseconds(0)), "0s");
  EXPECT_EQ(format_duration(Milliseconds(120'000)), "2m");
}

TEST(Units, sizes) {
  EXPECT_EQ(parse_size("64KiB").value(), 65536u);
  EXPECT_EQ(parse_size("512MiB").value(), 512ull << 20);
  EXPECT_EQ(parse_size("2GiB").value(), 2ull << 30);
  for (const char* bad : {"", "64", "64KB", "64kib", "64 KiB", "-1KiB", "1.5GiB", "KiB"})
    EXPECT_FALSE(parse_size(bad)) << bad;
  EXPECT_GT(parse_size("99999999999999999999GiB").value(), 1ull << 50);
  EXPECT_EQ(format_size(65536), "64KiB");
  EXPECT_EQ(format_size(3ull << 30), "3GiB");
  EXPECT_EQ(format_size(100), "100 bytes");
  EXPECT_EQ(format_size(0), "0 bytes");
}

TEST(Units, numbers) {
  EXPECT_EQ(parse_number("0").value(), 0);
  EXPECT_EQ(parse_number("65535").value(), 65535);
  EXPECT_EQ(parse_number("-7").value(), -7);
  EXPECT_EQ(parse_number("99999999999999999999").value(), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(parse_number("-99999999999999999999").value(), -std::numeric_limits<int64_t>::max());
  for (const char* bad : {"", "-", "+1", "01", "0x1", "1_000", "1.0", " 1", "1 ", "one"})
    EXPECT_FALSE(parse_number(bad)) << bad;
  EXPECT_EQ(parse_percent("50%").value(), 50);
  EXPECT_FALSE(parse_percent("50"));
  EXPECT_FALSE(parse_percent("%"));
}

TEST(Units, hexadecimal) {
  EXPECT_EQ(parse_hex("6d5A").value(), (std::vector<uint8_t>{0x6d, 0x5a}));
  EXPECT_EQ(parse_hex("6d:5a").value(), (std::vector<uint8_t>{0x6d, 0x5a}));
  EXPECT_TRUE(parse_hex("").value().empty());
  for (const char* bad : {"6", "6d5", "zz", "0x6d", "-1"}) EXPECT_FALSE(parse_hex(bad)) << bad;
}

TEST(Suggestion, is_the_nearest_word) {
  const std::vector<std::string_view> words{"address", "port", "ports", "weight"};
  EXPECT_EQ(nearest("adress", words), "address");
  EXPECT_EQ(nearest("prot", words), "port");
  EXPECT_EQ(nearest("prots", words), "ports");
  EXPECT_EQ(nearest("wieght", words), "weight");
  EXPECT_EQ(nearest("WEIGHT", words), "");
  EXPECT_EQ(nearest("forwarding", words), "");
  EXPECT_EQ(nearest("", words), "");
  EXPECT_EQ(nearest(std::string(100'000, 'p'), words), "");
}

TEST(Echo, is_short_and_harmless) {
  EXPECT_EQ(echo("plain"), "plain");
  EXPECT_EQ(echo(std::string("a\0\n\x1b\x7f", 5)), "a\\x00\\x0a\\x1b\\x7f");
  EXPECT_EQ(echo(std::string(80, 'x')), std::string(80, 'x'));
  EXPECT_EQ(echo(std::string(81, 'x')), std::string(80, 'x') + "...");
  // Never half a character: 79 bytes and a letter of two.
  EXPECT_EQ(echo(std::string(79, 'x') + "\xc3\xbc"), std::string(79, 'x') + "...");
}

ConfigError error_at(const Place& place, const std::string& message) {
  ConfigError error;
  error.place = place;
  error.message = message;
  return error;
}

TEST(ErrorLog, sorts_by_file_and_place_and_is_bounded) {
  ErrorLog log;
  log.add(error_at({"b", 1, 1}, "3"));
  log.add(error_at({"a", 2, 1}, "2"));
  log.add(error_at({"a", 1, 9}, "1"));
  log.add(error_at({"a", 0, 0}, "0"));
  EXPECT_EQ(describe(log.take({"a", "b"})), "a: 0\na:1:9: 1\na:2:1: 2\nb:1:1: 3\n");
  EXPECT_TRUE(log.empty());
  for (size_t i = 0; i < ErrorLog::kMaxErrors + 5; ++i) log.add(error_at({"a", 1, 1}, "x"));
  const auto errors = log.take({"a"});
  ASSERT_EQ(errors.size(), ErrorLog::kMaxErrors + 1);
  EXPECT_EQ(errors.back().to_string(), "5 more errors are not shown");
}

TEST(Networks, finds_the_longest) {
  Networks networks;
  EXPECT_TRUE(networks.empty());
  for (const char* text : {"10.1.2.3/8", "10.1.0.0/16", "2001:db8::1/64", "10.1.2.3/32"})
    networks.add(*Prefix::parse(text));
  const auto find = [&](const char* address) {
    const auto found = networks.find(*IpAddress::parse(address));
    return found ? found->to_string() : "none";
  };
  EXPECT_EQ(find("10.2.0.1"), "10.0.0.0/8");
  EXPECT_EQ(find("10.1.0.1"), "10.1.0.0/16");
  EXPECT_EQ(find("10.1.2.3"), "10.1.2.3/32");
  EXPECT_EQ(find("11.0.0.1"), "none");
  EXPECT_EQ(find("2001:db8::ffff"), "2001:db8::/64");
  EXPECT_EQ(find("2001:db8:1::"), "none");
}

}  // namespace
}  // namespace lbd::config
