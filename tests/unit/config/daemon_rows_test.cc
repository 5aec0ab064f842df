// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

namespace lbd::config {
namespace {

TEST(DaemonSection, accepted) {
  check_rows({
      {with("lbd: {name: lb1, log: {level: trace, format: json}, socket: ./s, http: off, "
            "state_file: off}"),
       "ok\n"},
      {with("lbd: {log: {level: error, format: text}}"), "ok\n"},
      {with("lbd: {}"), "ok\n"},
  });
}

TEST(DaemonSection, refused) {
  check_rows({
      {with(R"(lbd: {name: ""})"),
       "f.yaml:3:13: lbd.name: is empty; give it a value or leave the key out\n"},
      {with("lbd: {name: a b}"),
       "f.yaml:3:13: lbd.name: \"a b\" holds blanks or unusual characters; use letters, digits and "
       "punctuation\n"},
      {with(R"(lbd: {name: "a\x7f"})"),
       "f.yaml:3:13: lbd.name: \"a\\x7f\" holds blanks or unusual characters; use letters, digits "
       "and punctuation\n"},
      {with("lbd: {name: büro}"),
       "f.yaml:3:13: lbd.name: \"büro\" holds blanks or unusual characters; use letters, digits "
       "and punctuation\n"},
      {with("lbd: {name: [a]}"), "f.yaml:3:13: lbd.name: expected text, got a list\n"},
      {with(R"(lbd: {name: "a\0b"})"),
       "f.yaml:3:13: lbd.name: \"a\\x00b\" holds a NUL character; take it out\n"},
      {with("lbd: {name: nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn}"),
       "f.yaml:3:13: lbd.name: "
       "\"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\" is longer than 64 "
       "characters; shorten it\n"},
      {with("lbd: {log: info}"),
       "f.yaml:3:12: lbd.log: expected a map of keys and values; write \"key: value\" lines or "
       "{key: value}\n"},
      {with("lbd: {log: {level: loud}}"),
       "f.yaml:3:20: lbd.log.level: \"loud\" is unknown; write trace, debug, info, warn or "
       "error\n"},
      {with("lbd: {log: {format: xml}}"),
       "f.yaml:3:21: lbd.log.format: \"xml\" is unknown; write text or json\n"},
      {with("lbd: {log: {color: red}}"),
       "f.yaml:3:13: lbd.log: unknown key \"color\"; known here: level, format\n"},
      {with(R"(lbd: {socket: ""})"),
       "f.yaml:3:15: lbd.socket: is empty; give it a value or leave the key out\n"},
      {with("lbd: {socket: "
            "/sssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss"
            "ssssssssssssssssssssss}"),
       "f.yaml:3:15: lbd.socket: "
       "\"/sssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss...\" is "
       "longer than 107 characters; shorten it\n"},
      {with("lbd: {http: 127.0.0.1:9101}"),
       "f.yaml:3:7: lbd.http: not supported yet; leave it out or write off\n"},
      {with("lbd: {state_file: state}"),
       "f.yaml:3:19: lbd.state_file: \"state\" is no full path of a file; write it as "
       "/var/lib/lbd/state, or off\n"},
      {with("lbd: {state_file: /var/lib/lbd/}"),
       "f.yaml:3:19: lbd.state_file: \"/var/lib/lbd/\" is no full path of a file; write it as "
       "/var/lib/lbd/state, or off\n"},
      {with("lbd: {state_file: /var/lib/lbd/state}"), "ok\n"},
  });
}

}  // namespace
}  // namespace lbd::config
