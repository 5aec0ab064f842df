// SPDX-License-Identifier: Apache-2.0
#include "control/kernel/address_plan.h"

#include <gtest/gtest.h>

namespace lbd {
namespace {

Prefix prefix(const char* text) {
  return Prefix::parse(text, true).value();
}

config::Port port(std::vector<Prefix> addresses) {
  config::Port out;
  out.addresses = std::move(addresses);
  return out;
}

config::Service service(std::vector<const char*> listens) {
  config::Service out;
  for (const char* listen : listens) out.listen.push_back(Endpoint::parse(listen).value());
  return out;
}

TEST(AddressPlan, ServiceAddressGoesToThePortInWhoseNetworkItLies) {
  config::Config config;
  config.ports = {port({prefix("10.0.0.1/8")}),
                  port({prefix("10.1.0.1/16"), prefix("2001:db8::1/64")})};
  config.services = {service({"10.1.2.3:80", "10.1.2.3:443"}), service({"[2001:db8::80]:80"}),
                     service({"10.2.0.1:80"}), service({"192.0.2.1:80"})};
  const auto plan = plan_addresses(config);
  ASSERT_EQ(plan.size(), 2u);
  EXPECT_EQ(plan[0], (std::vector<PlannedAddress>{{prefix("10.0.0.1/8"), false},
                                                  {prefix("10.2.0.1/32"), true},
                                                  {prefix("192.0.2.1/32"), true}}));
  EXPECT_EQ(plan[1], (std::vector<PlannedAddress>{{prefix("10.1.0.1/16"), false},
                                                  {prefix("2001:db8::1/64"), false},
                                                  {prefix("10.1.2.3/32"), true},
                                                  {prefix("2001:db8::80/128"), true}}));
}

TEST(AddressPlan, PortsOwnAddressIsNotRepeated) {
  config::Config config;
  config.ports = {port({prefix("10.0.0.1/24")})};
  config.services = {service({"10.0.0.1:80"})};
  EXPECT_EQ(plan_addresses(config)[0].size(), 1u);
}

TEST(AddressPlan, NoPortsNoPlan) {
  config::Config config;
  config.services = {service({"10.0.0.1:80"})};
  EXPECT_TRUE(plan_addresses(config).empty());
}

}  // namespace
}  // namespace lbd
