// SPDX-License-Identifier: Apache-2.0
#include "cli/import/import_ipvs.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace lbd::cli {
namespace {

Imported imported(const std::string& rules, const std::string& marks = "") {
  ImportOptions options;
  options.rules = {"ipvs", rules};
  if (!marks.empty()) options.marks.push_back({"marks", marks});
  options.devices = {{"eth0", "0000:03:00.0"}};
  options.addresses = {{"eth0", "192.0.2.11/24"}};
  return import_ipvs(options);
}

bool says(const Imported& result, const std::string& remark) {
  return std::count(result.remarks.begin(), result.remarks.end(), remark) == 1;
}

TEST(ImportIpvs, WritesServicesAndServers) {
  const Imported result = imported(
      "-A -t 192.0.2.20:80 -s wrr -p 360 -M 255.255.255.0\n"
      "-a -t 192.0.2.20:80 -r 192.0.2.31:80 -g -w 2\n"
      "-a -t 192.0.2.20:80 -r 10.0.0.5:8080 -m -w 1 -x 100 -y 50\n");
  EXPECT_TRUE(result.serves);
  EXPECT_EQ(result.remarks, std::vector<std::string>());
  EXPECT_EQ(result.yaml, R"(# Made from ipvs by lbctl import-ipvs.

ports:
  - {name: eth0, device: "0000:03:00.0", addresses: [192.0.2.11/24]}

routes:
  # Stand in for an address of the port in this network; take them out when it is in.
  - {to: 10.0.0.5, port: eth0}

services:
  - name: tcp-192.0.2.20-80
    listen: ["192.0.2.20:80"]
    forwarding: dr
    scheduler: wrr
    persistence: {timeout: 360s, prefix4: 24}
    real_servers:
      - {address: "192.0.2.31:80", weight: 2}
      - {address: "10.0.0.5:8080", weight: 1, forwarding: nat, max_connections: 100, min_connections: 50}
)");
}

struct Row {
  const char* rules;
  const char* line;
};

class Options : public testing::TestWithParam<Row> {};

TEST_P(Options, BecomeALine) {
  const std::string yaml = imported(GetParam().rules).yaml;
  EXPECT_NE(yaml.find(std::string(GetParam().line) + "\n"), std::string::npos) << yaml;
}

INSTANTIATE_TEST_SUITE_P(
    Lines, Options,
    testing::Values(
        Row{"ipvsadm -A -u 192.0.2.20:53 -s sh -b sh-fallback,sh-port", "    protocol: udp"},
        Row{"-A -u 192.0.2.20:53 -s sh -b sh-fallback,sh-port",
            "    scheduler_flags: [sh-fallback, sh-port]"},
        Row{"-A -u 192.0.2.20:53 -o", "    one_packet: true"},
        Row{"--add-service --sctp-service 192.0.2.20:53", "    protocol: sctp"},
        Row{"-A -t 192.0.2.20:80", "    scheduler: wlc"},
        Row{"-A -t 192.0.2.20:80 -p", "    persistence: {timeout: 300s}"},
        Row{"-A -t [2001:db8::20]:80 -p 60 -M 64", "    persistence: {timeout: 60s, prefix6: 64}"},
        Row{"-A -t [2001:db8::20]:80", "  - name: \"tcp-2001:db8::20-80\""},
        Row{"-A -t 192.0.2.20:0 -p 9\n-a -t 192.0.2.20:0 -r 192.0.2.31:0 -g -w 0",
            "      - {address: 192.0.2.31, weight: 0}"},
        // dr keeps the client's port, so a server's own says nothing.
        Row{"-A -t 192.0.2.20:80\n-a -t 192.0.2.20:80 -r 192.0.2.31:81 -g",
            "      - {address: 192.0.2.31, weight: 1}"},
        Row{"-A -t 192.0.2.20:80\n-a -t 192.0.2.20:80 -r 203.0.113.9:80 -i --tun-type gue "
            "--tun-port 6080 --tun-nocsum",
            "      - {address: \"203.0.113.9:80\", weight: 1, tunnel: {type: gue, port: 6080}}"},
        Row{"-A -t 192.0.2.20:80\n-a -t 192.0.2.20:80 -r 203.0.113.9:80 -g",
            "  - {to: 203.0.113.9, port: eth0}"}));

constexpr const char* kMarks = R"(*mangle
-A PREROUTING -d 192.0.2.20/32 -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x1/0xffffffff
[7:420] -A PREROUTING -d 192.0.2.24/29 -p tcp -m multiport --dports 443,8000:8010 -m comment --comment "a b" -j MARK --set-mark 1
-A PREROUTING -d 192.0.2.9/32 -j MARK --set-mark 3
-A PREROUTING -d 2001:db8::20/128 -p udp -j MARK --set-mark 1
-A PREROUTING -s 10.0.0.0/8 -d 192.0.2.20/32 -j MARK --set-mark 1
-A PREROUTING -d 192.0.2.20/32 -j MARK --set-xmark 0x1/0x3
-A OUTPUT -d 192.0.2.20/32 -j MARK --set-mark 1
COMMIT
)";

TEST(ImportIpvs, PutsAddressesInForMarks) {
  const Imported result = imported(
      "-A -f 1 -s rr\n-a -f 1 -r 192.0.2.31:0 -g\n"
      "-A -f 1 -6 -s rr\n-a -f 1 -6 -r 2001:db8::31:0 -i\n-a -f 1 -6 -r [2001:db8::31]:0 -i\n",
      kMarks);
  EXPECT_NE(result.yaml.find("  - name: fwmark-1\n"
                             "    listen: [\"192.0.2.20:80\", \"192.0.2.24/29:443\", "
                             "\"192.0.2.24/29:8000-8010\"]\n"),
            std::string::npos)
      << result.yaml;
  EXPECT_NE(result.yaml.find("  - name: fwmark-1-udp-ipv6\n"
                             "    listen: [\"[2001:db8::20]:0\"]\n"),
            std::string::npos)
      << result.yaml;
  EXPECT_TRUE(says(result, "marks:4: warning: mark 3 is used by no service"));
  EXPECT_TRUE(says(result,
                   "marks:6: warning: rule is left out: lb.yaml has no counterpart of -s "
                   "10.0.0.0/8"));
  EXPECT_TRUE(says(result,
                   "marks:7: warning: rule is left out: lb.yaml has no counterpart of "
                   "--set-xmark 0x1/0x3"));
  EXPECT_TRUE(says(result,
                   "marks:8: warning: rule of mangle/OUTPUT is left out: only marks of "
                   "mangle/PREROUTING reach IPVS"));
}

class CouldNotServe : public testing::TestWithParam<Row> {};

TEST_P(CouldNotServe, AndSaysWhy) {
  const Imported result = imported(GetParam().rules);
  EXPECT_FALSE(result.serves);
  EXPECT_TRUE(says(result, GetParam().line)) << testing::PrintToString(result.remarks);
}

INSTANTIATE_TEST_SUITE_P(
    Lines, CouldNotServe,
    testing::Values(
        Row{"", "ipvs: error: no service in it; give the output of ipvsadm -Sn"},
        Row{"# c\n-A -t www:http -s wlc\n",
            "ipvs:2: error: \"www:http\" is no address:port; take the output of ipvsadm -Sn"},
        Row{"-A -f 7 -s rr\n",
            "ipvs:1: error: mark 7: no rule sets it; name the rules by --iptables-save FILE"},
        Row{"-A -f x\n", "ipvs:1: error: \"x\" is no mark"},
        Row{"-A -t 192.0.2.20:80\n-A -t 192.0.2.20:80\n",
            "ipvs:2: error: tcp-192.0.2.20-80 is there already; IPVS has each service once"},
        Row{"-A -t 192.0.2.20:80\n-a -t 192.0.2.20:80 -r [2001:db8::1]:80 -g\n",
            "ipvs:1: error: 2001:db8::1 is of another family; only tun can do that"}));

TEST(ImportIpvs, OnePacketByNatNeedsOneAddressAndPort) {
  const std::string server = "-a -u 192.0.2.20:53 -r 10.0.0.5:53 -m\n";
  EXPECT_NE(imported("-A -u 192.0.2.20:53 -o\n" + server).yaml.find("one_packet: true"),
            std::string::npos);
  const Imported marked = imported(
      "-A -f 1 -o\n-a -f 1 -r 10.0.0.5:53 -m\n",
      "*mangle\n-A PREROUTING -d 192.0.2.20/32 -p udp -m udp --dport 53 -j MARK --set-mark "
      "1\n-A PREROUTING -d 192.0.2.21/32 -p udp -m udp --dport 53 -j MARK --set-mark 1\n");
  EXPECT_TRUE(says(marked,
                   "ipvs:1: warning: -o is left out: by nat it needs a service of one address and "
                   "port"))
      << testing::PrintToString(marked.remarks);
  EXPECT_EQ(marked.yaml.find("one_packet"), std::string::npos);
}

TEST(ImportIpvs, NamesWhatIsLeftOut) {
  const Imported result = imported(
      "-C\n-E -t 192.0.2.20:80\n-A -t 192.0.2.20:80 --pe sip\n"
      "-a -t 192.0.2.21:80 -r 192.0.2.31:80\n-a -t 192.0.2.20:80 -r 192.0.2.31:80 -w many\n");
  EXPECT_TRUE(result.serves);
  EXPECT_EQ(
      result.remarks,
      (std::vector<std::string>{
          "ipvs:2: warning: -E is left out: only -A and -a are read",
          "ipvs:3: warning: --pe sip: no counterpart; lbd persists by client address only",
          "ipvs:4: warning: server of tcp 192.0.2.21:80, which no -A before it adds; left out",
          "ipvs:5: warning: -w many is left out"}));
}

}  // namespace
}  // namespace lbd::cli
