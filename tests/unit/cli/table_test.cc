// SPDX-License-Identifier: Apache-2.0
#include "cli/table.h"

#include <gtest/gtest.h>

namespace lbd::cli {
namespace {

TEST(Table, ColumnsAreAsWideAsTheirWidestCell) {
  Table table({"name", ">count", "why"});
  table.row({"a", "1", ""});
  table.row({"long name", "1000000", "so"});
  EXPECT_EQ(table.text(),
            "name         count  why\n"
            "a                1\n"
            "long name  1000000  so\n");
}

TEST(ShortNumber, KeepsEightDigits) {
  EXPECT_EQ(short_number(0), "0");
  EXPECT_EQ(short_number(99'999'999), "99999999");
  EXPECT_EQ(short_number(100'000'000), "100000K");
  EXPECT_EQ(short_number(100'000'000'000), "100000M");
  EXPECT_EQ(short_number(UINT64_MAX), "18446744073G");
}

TEST(Times, ForPeople) {
  EXPECT_EQ(minutes(898), "14:58");
  EXPECT_EQ(minutes(0), "00:00");
  EXPECT_EQ(minutes(6000), "100:00");
  EXPECT_EQ(long_time(3723), "01:02:03");
  EXPECT_EQ(long_time(86400 * 3 + 1), "3d 00:00:01");
  EXPECT_EQ(percent(12.345), "12.3");
}

}  // namespace
}  // namespace lbd::cli
