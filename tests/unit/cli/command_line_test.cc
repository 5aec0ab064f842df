// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <gtest/gtest.h>

#include <sstream>

#include "cli/duration.h"

namespace lbd::cli {
namespace {

Result<Command> parse(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return parse_command_line(words);
}

struct Row {
  const char* line;
  const char* verb;
  const char* arguments;
};

class Understood : public testing::TestWithParam<Row> {};

TEST_P(Understood, BecomesARequest) {
  const auto command = parse(GetParam().line);
  ASSERT_TRUE(command.ok()) << command.error().message;
  EXPECT_EQ(command.value().verb, GetParam().verb);
  EXPECT_EQ(nlohmann::json(command.value().arguments), nlohmann::json::parse(GetParam().arguments));
}

INSTANTIATE_TEST_SUITE_P(
    Lines, Understood,
    testing::Values(
        Row{"status", "status", "{}"}, Row{"services", "services", "{}"},
        Row{"services web", "services", R"({"name":"web"})"},
        Row{"stats web --rate", "stats", R"({"name":"web"})"},
        Row{"import-ipvs", "import-ipvs", R"({"file":"-"})"},
        Row{"import-ipvs r --map eth0=03:00.0 --map eth1=x --address eth0=192.0.2.11/24 "
            "--iptables-save m",
            "import-ipvs",
            R"({"file":"r","map":["eth0=03:00.0","eth1=x"],"address":["eth0=192.0.2.11/24"],)"
            R"("iptables-save":["m"]})"},
        Row{"connections --service web --server 10.0.0.1 --client 10.1.1.1:7 --state ESTABLISHED",
            "connections",
            R"({"service":"web","server":"10.0.0.1","client":"10.1.1.1:7","state":"ESTABLISHED"})"},
        Row{"weight web 10.0.0.1 0", "weight",
            R"({"service":"web","server":"10.0.0.1","weight":0})"},
        Row{"weight web 10.0.0.1:80 65535 --for 30m", "weight",
            R"({"service":"web","server":"10.0.0.1:80","weight":65535,"for_ms":1800000})"},
        Row{"weight web 10.0.0.1 --clear", "weight",
            R"({"service":"web","server":"10.0.0.1","clear":true})"},
        Row{"weight --all 10.0.0.1 3", "weight", R"({"all":true,"server":"10.0.0.1","weight":3})"},
        Row{"weight --all 10.0.0.1 --clear", "weight",
            R"({"all":true,"server":"10.0.0.1","clear":true})"},
        Row{"weight web 10.0.0.1 3 --all", "weight",
            R"({"all":true,"service":"web","server":"10.0.0.1","weight":3})"},
        Row{"drain web 2001:db8::1", "drain", R"({"service":"web","server":"2001:db8::1"})"},
        Row{"drain --no-wait web 10.0.0.1", "drain", R"({"service":"web","server":"10.0.0.1"})"},
        Row{"undrain --all 10.0.0.1", "undrain", R"({"all":true,"server":"10.0.0.1"})"},
        Row{"reload --dry-run", "reload", R"({"dry_run":true})"},
        Row{"explain 10.1.1.1:7 192.0.2.20:80", "explain",
            R"({"client":"10.1.1.1:7","virtual":"192.0.2.20:80"})"},
        Row{"explain 10.1.1.1:7 192.0.2.20:80 udp --size 1400", "explain",
            R"({"client":"10.1.1.1:7","virtual":"192.0.2.20:80","protocol":"udp","size":1400})"},
        Row{"log debug", "log", R"({"level":"debug"})"}));

class NotUnderstood : public testing::TestWithParam<const char*> {};

TEST_P(NotUnderstood, IsRefusedInOneLine) {
  const auto command = parse(GetParam());
  ASSERT_FALSE(command.ok());
  EXPECT_FALSE(command.error().message.empty());
  EXPECT_EQ(command.error().message.find('\n'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Lines, NotUnderstood,
    testing::Values("", "nonsense", "status more", "services a b", "services --rate",
                    "status --nonsense", "--sock /x status", "weight", "weight web",
                    "weight web 10.0.0.1", "weight web 10.0.0.1 70000", "weight web 10.0.0.1 -1",
                    "weight web 10.0.0.1 3x", "weight web 10.0.0.1 3 4",
                    "weight web 10.0.0.1 3 --for", "weight web 10.0.0.1 3 --for 30",
                    "weight web 10.0.0.1 3 --for 0s", "weight web 10.0.0.1 --clear --for 3s",
                    "weight web 10.0.0.1 3 --clear", "drain web", "drain --all web 10.0.0.1 x",
                    "import-ipvs a b", "--json import-ipvs", "--socket /x import-ipvs",
                    "import-ipvs --map eth0", "import-ipvs --address =192.0.2.1/24",
                    "status --map a=b", "undrain", "explain 10.0.0.1:1", "explain a b c d",
                    "explain a b --size 0", "explain a b --size 65536", "log", "log a b",
                    "reload now"));

TEST(CommandLine, OptionsOfTheirOwn) {
  const auto command = parse("--socket /tmp/x --json drain web 10.0.0.1 --no-wait");
  ASSERT_TRUE(command.ok());
  EXPECT_EQ(command.value().socket, "/tmp/x");
  EXPECT_TRUE(command.value().json);
  EXPECT_FALSE(command.value().wait);
  EXPECT_TRUE(parse("drain web 10.0.0.1").value().wait);
  EXPECT_TRUE(parse("stats --rate").value().rate);
  EXPECT_TRUE(parse("--help").value().help);
  EXPECT_TRUE(parse("--version").value().version);
}

TEST(Duration, NeedsItsUnit) {
  EXPECT_EQ(parse_duration_ms("500ms"), 500);
  EXPECT_EQ(parse_duration_ms("30s"), 30'000);
  EXPECT_EQ(parse_duration_ms("30m"), 1'800'000);
  EXPECT_EQ(parse_duration_ms("2h"), 7'200'000);
  EXPECT_EQ(parse_duration_ms("1d"), 86'400'000);
  for (const char* wrong : {"", "30", "m", "-3s", "3 s", "3sec", "1e3s", "99999999999s", "3.5s"})
    EXPECT_EQ(parse_duration_ms(wrong), std::nullopt) << wrong;
}

}  // namespace
}  // namespace lbd::cli
