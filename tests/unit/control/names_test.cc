// SPDX-License-Identifier: Apache-2.0
#include "control/api/names.h"

#include <gtest/gtest.h>

#include "make_services.h"

namespace lbd::api {
namespace {

DesiredState three() {
  auto ports = test::make_service("ports", {});
  for (const uint16_t port : {80, 81}) {
    config::RealServer server;
    server.address = *IpAddress::parse("10.0.0.1");
    server.port = port;
    ports.real_servers.push_back(server);
  }
  return apply_services({},
                        {test::make_service("plain", {{"10.0.0.1", 1}, {"10.0.0.2", 1}}), ports},
                        Clock::time_point{})
      .value();
}

size_t matches(const std::string& service, const std::string& word, bool leaving = false) {
  const auto parsed = ServerWord::parse(word);
  return parsed ? find_servers(three(), service, *parsed, leaving).size() : 99;
}

TEST(ServerWord, IsAnAddressOrAnEndpoint) {
  EXPECT_TRUE(ServerWord::parse("10.0.0.1"));
  EXPECT_EQ(ServerWord::parse("10.0.0.1:80")->port, 80);
  EXPECT_TRUE(ServerWord::parse("2001:db8::1"));
  EXPECT_EQ(ServerWord::parse("[2001:db8::1]:80")->port, 80);
  for (const char* wrong : {"", "web", "10.0.0", "10.0.0.1:", "10.0.0.1:x", "10.0.0.1:70000"})
    EXPECT_FALSE(ServerWord::parse(wrong)) << wrong;
}

TEST(FindServers, ByAddressPortAndService) {
  EXPECT_EQ(matches("", "10.0.0.1"), 3u);
  EXPECT_EQ(matches("ports", "10.0.0.1"), 2u);
  EXPECT_EQ(matches("ports", "10.0.0.1:81"), 1u);
  EXPECT_EQ(matches("plain", "10.0.0.1:80"), 0u);  // a server without a port is not one of port 80
  EXPECT_EQ(matches("nobody", "10.0.0.1"), 0u);
}

TEST(FindServers, RemovedOnesOnlyWhereAsked) {
  const auto state =
      apply_services(three(), {test::make_service("plain", {})}, Clock::time_point{}).value();
  const auto word = *ServerWord::parse("10.0.0.2");
  EXPECT_EQ(find_servers(state, "", word, false).size(), 0u);
  EXPECT_EQ(find_servers(state, "", word, true).size(), 1u);
}

}  // namespace
}  // namespace lbd::api
