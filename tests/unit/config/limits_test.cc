// SPDX-License-Identifier: Apache-2.0
#include "control/config/document.h"
#include "rows.h"

// Texts that want to harm: each is answered with an error, in little time and memory.
namespace lbd::config {
namespace {

std::string repeat(const std::string& text, size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST(Limits, text_that_is_none) {
  check_rows({
      {std::string("a: b\0c", 6), "f.yaml:1:5: a NUL byte; write the file as text\n"},
      {"a:\n  \xff\n", "f.yaml:2:3: not UTF-8; save the file as UTF-8\n"},
      {"\xc0\x80", "f.yaml:1:1: not UTF-8; save the file as UTF-8\n"},      // overlong
      {"\xed\xa0\x80", "f.yaml:1:1: not UTF-8; save the file as UTF-8\n"},  // surrogate
      {"\xf4\x90\x80\x80", "f.yaml:1:1: not UTF-8; save the file as UTF-8\n"},
      {"a: \xe2\x82", "f.yaml:1:4: not UTF-8; save the file as UTF-8\n"},  // cut off
  });
  EXPECT_EQ(verdict("\xef\xbb\xbf" + with("# \xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80")), "ok\n");
}

TEST(Limits, nesting) {
  EXPECT_EQ(verdict(with("routes: " + repeat("[", 40) + repeat("]", 40))),
            "f.yaml:3:40: nested deeper than 32 levels\n");
  EXPECT_EQ(verdict(with("routes:\n" + repeat("- ", 100'000))),
            "f.yaml:4:63: nested deeper than 32 levels\n");
}

TEST(Limits, aliases_count_as_what_they_stand_for) {
  std::string text = "a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9]\n";
  for (int i = 1; i < 20; ++i) {
    const std::string before = std::to_string(i - 1);
    const std::string name = std::to_string(i);
    text.append("a").append(name).append(": &a").append(name).append(" [");
    for (int k = 0; k < 10; ++k) text.append(k == 0 ? "*a" : ", *a").append(before);
    text.append("]\n");
  }
  const LoadResult result = load_text(text, "f.yaml");
  ASSERT_FALSE(result.ok());
  ASSERT_EQ(result.errors().size(), 1u);
  EXPECT_EQ(result.errors()[0].message, "more than 4000000 values in one file");
}

TEST(Limits, values) {
  const LoadResult result = load_text("routes: [" + repeat("1,", kMaxNodes) + "]", "f.yaml");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.errors()[0].message, "more than 4000000 values in one file");
}

TEST(Limits, errors) {
  const LoadResult result = load_text("ports: [" + repeat("1,", 20'000) + "]", "f.yaml");
  ASSERT_FALSE(result.ok());
  ASSERT_EQ(result.errors().size(), ErrorLog::kMaxErrors + 1);
  // One for each item, and one because 20000 ports are too many.
  EXPECT_EQ(result.errors().back().to_string(), "10001 more errors are not shown");
}

TEST(Limits, ports) {
  std::string text = "ports:\n";
  for (int i = 0; i < 32; ++i)
    text += "- {name: p" + std::to_string(i) + ", device: \"af_xdp:e" + std::to_string(i) + "\"}\n";
  EXPECT_EQ(verdict(text), "ok\n");
  EXPECT_EQ(verdict(text + "- {name: last, device: \"af_xdp:f\"}\n"),
            "f.yaml:34:3: ports[32]: 33 ports are above 32; take some out\n");
}

TEST(Limits, one_hundred_thousand_servers) {
  std::string list;
  for (int i = 0; i < 100'000; ++i)
    list += "  - {address: 10." + std::to_string(1 + i / 62'500) + "." +
            std::to_string(i / 250 % 250) + "." + std::to_string(1 + i % 250) + "}\n";
  const LoadResult result = load_text(
      "ports: [{name: p0, device: \"af_xdp:e0\", addresses: [10.0.0.1/8]}]\n"
      "services:\n- name: web\n  listen: [\"10.0.0.80:80\"]\n  forwarding: dr\n"
      "  scheduler: rr\n  real_servers:\n" +
          list,
      "f.yaml");
  ASSERT_TRUE(result.ok()) << describe(result.errors()).substr(0, 500);
  EXPECT_EQ(result.config().services[0].real_servers.size(), 100'000u);
}

}  // namespace
}  // namespace lbd::config
