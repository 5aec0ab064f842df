// SPDX-License-Identifier: Apache-2.0
#include "control/command/words.h"

#include <gtest/gtest.h>

namespace lbd {
namespace {

using Words = std::vector<std::string>;

Words split(const std::string& line) {
  const auto words = split_words(line);
  return words ? words.value() : Words{"error: " + words.error().message};
}

TEST(Words, AreSplitAtBlanks) {
  EXPECT_EQ(split(""), Words{});
  EXPECT_EQ(split("  /bin/a  b\tc\n"), (Words{"/bin/a", "b", "c"}));
}

TEST(Words, QuotesKeepBlanksAndEmptyWords) {
  EXPECT_EQ(split("a 'b c' \"d e\" ''"), (Words{"a", "b c", "d e", ""}));
  EXPECT_EQ(split("a'b'\"c\"d"), Words{"abcd"});
  EXPECT_EQ(split("'\"' \"'\""), (Words{"\"", "'"}));
}

TEST(Words, BackslashKeepsTheNext) {
  EXPECT_EQ(split("a\\ b \\' \"\\\"x\\\\ \\n\" '\\'"), (Words{"a b", "'", "\"x\\ \\n", "\\"}));
}

TEST(Words, NoShellIsAsked) {
  EXPECT_EQ(split("a $HOME `x` * > f;b"), (Words{"a", "$HOME", "`x`", "*", ">", "f;b"}));
}

TEST(Words, WhatIsNotClosedIsRefused) {
  EXPECT_EQ(split("a 'b"), Words{"error: has a ' that is not closed"});
  EXPECT_EQ(split("a \"b'"), Words{"error: has a \" that is not closed"});
  EXPECT_EQ(split("a \\"), Words{"error: ends in a backslash"});
}

}  // namespace
}  // namespace lbd
