// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

namespace lbd::config {
namespace {

TEST(RoutesSection, accepted) {
  check_rows({
      {with("routes: [{to: default, via: 10.0.0.2}]"), "ok\n"},
      {with(R"(routes: [{to: default, via: "2001:db8::2"}])"), "ok\n"},
      {with("routes: [{to: default, port: p0}]"), "ok\n"},
      {with(R"(routes: [{to: "::/0", via: "fe80::2", port: p0}])"), "ok\n"},
      {with("routes: [{to: 10.8.0.0/16, via: 10.0.0.2, port: p0, source: 10.0.0.1, metric: "
            "4294967295}]"),
       "ok\n"},
      {with("routes: [{to: 10.8.0.1, via: 10.0.0.2, source: 10.0.0.80}]"), "ok\n"},
      {with("routes: [{to: default, via: 10.0.0.2}, {to: default, via: 10.0.0.3, metric: 1}]"),
       "ok\n"},
  });
}

TEST(RoutesSection, refused) {
  check_rows({
      {with("routes: [default]"),
       "f.yaml:3:10: routes[0]: expected a map of keys and values; write \"key: value\" lines or "
       "{key: value}\n"},
      {with("routes: [{via: 10.0.0.2}]"),
       "f.yaml:3:10: routes[0].to: is missing; write default or a prefix\n"},
      {with("routes: [{to: default}]"),
       "f.yaml:3:10: routes[0]: leads nowhere; give it via, port or both\n"},
      {with("routes: [{to: somewhere, via: 10.0.0.2}]"),
       "f.yaml:3:15: routes[0].to: \"somewhere\" is not a destination; write default, 10.8.0.0/16 "
       "or \"2001:db8::/32\"\n"},
      {with("routes: [{to: 10.8.0.1/16, via: 10.0.0.2}]"),
       "f.yaml:3:15: routes[0].to: 10.8.0.1/16 has bits set beyond its prefix length; write "
       "10.8.0.0/16\n"},
      {with("routes: [{to: 224.0.0.0/4, via: 10.0.0.2}]"),
       "f.yaml:3:15: routes[0].to: 224.0.0.0/4 is a multicast address; route unicast destinations "
       "only\n"},
      {with("routes: [{to: 127.0.0.0/8, via: 10.0.0.2}]"),
       "f.yaml:3:15: routes[0].to: 127.0.0.0/8 is a loopback address; route unicast destinations "
       "only\n"},
      {with("routes: [{to: default, via: router}]"),
       "f.yaml:3:29: routes[0].via: \"router\" is not an address; write it as 192.0.2.1 or "
       "\"2001:db8::1\"\n"},
      {with("routes: [{to: default, via: 0.0.0.0}]"),
       "f.yaml:3:29: routes[0].via: 0.0.0.0 is the unspecified address; name a host\n"},
      {with(R"(routes: [{to: 10.8.0.0/16, via: "2001:db8::2"}])"),
       "f.yaml:3:33: routes[0].via: 2001:db8::2 is not of the family of 10.8.0.0/16; use addresses "
       "of one family in a route\n"},
      {with(R"(routes: [{to: default, via: 10.0.0.2, source: "2001:db8::1"}])"),
       "f.yaml:3:47: routes[0].source: 2001:db8::1 is not of the family of 0.0.0.0/0; use "
       "addresses of one family in a route\n"},
      {with("routes: [{to: default, via: 10.0.0.2, metric: -1}]"),
       "f.yaml:3:47: routes[0].metric: -1 is below 0; use 0..4294967295\n"},
      {with("routes: [{to: default, via: 10.0.0.2, dev: p0}]"),
       "f.yaml:3:39: routes[0]: unknown key \"dev\"; known here: to, via, port, source, metric\n"},
  });
}

TEST(RoutesSection, references) {
  check_rows({
      {with("routes: [{to: default, via: 10.0.1.2}]"),
       "f.yaml:3:29: routes[0].via: 10.0.1.2 is in no network of any port; name a router that "
       "shares a network with a port's addresses\n"},
      {with("routes: [{to: default, via: 10.0.1.2, port: p0}]"),
       "f.yaml:3:29: routes[0].via: 10.0.1.2 is in no network of port p0; name a router that "
       "shares a network with a port's addresses\n"},
      {with("routes: [{to: default, via: 10.0.0.1}]"),
       "f.yaml:3:29: routes[0].via: 10.0.0.1 is a port's own address; name the next router\n"},
      {with(R"(routes: [{to: default, via: "fe80::2"}])"),
       "f.yaml:3:29: routes[0].via: fe80::2 is a link-local address; say with port on which "
       "link\n"},
      {with("routes: [{to: default, port: p1}]"),
       "f.yaml:3:30: routes[0].port: no port is named \"p1\"; name one of ports\n"},
      {with("routes: [{to: default, via: 10.0.0.2, source: 10.0.0.3}]"),
       "f.yaml:3:47: routes[0].source: 10.0.0.3 is no address of a port or service; name an "
       "address that the director has\n"},
      {"ports: [{device: \"af_xdp:e0\", addresses: [10.0.0.1/24]}]\n"
       "routes: [{to: default, port: p0}]\n",
       "f.yaml:1:9: ports[0].name: is missing; name the port, as wan0\n"},
      {with("routes:\n"
            "- {to: default, via: 10.0.0.2}\n"
            "- {to: 0.0.0.0/0, via: 10.0.0.3}"),
       "f.yaml:5:3: routes[1]: the destination 0.0.0.0/0 is that of routes[0] at f.yaml:4:3 too; "
       "give each route of a destination a metric of its own\n"},
  });
}

}  // namespace
}  // namespace lbd::config
