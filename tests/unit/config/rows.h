// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "control/config/loader.h"

// Tables of texts and of exactly what is said of them. Each text is a good file but for one thing.
namespace lbd::config {

/// What `text` is answered, a line for each error; "ok" for a good one.
inline std::string verdict(const std::string& text) {
  const LoadResult result = load_text(text, "f.yaml");
  return result.ok() ? "ok\n" : describe(result.errors());
}

inline const std::string kPorts =
    "ports: [{name: p0, device: \"af_xdp:e0\", addresses: [10.0.0.1/24, \"2001:db8::1/64\"]}]\n";

/// A port, one service on it; `more` stands on its own lines after them.
inline std::string with(const std::string& more) {
  return kPorts +
         "services: [{name: web, listen: [\"10.0.0.80:80\"], forwarding: dr, scheduler: rr}]\n" +
         more + "\n";
}

/// A port with more keys on line 2.
inline std::string port(const std::string& keys) {
  return "ports: [{name: p0, device: \"af_xdp:e0\",\n" + keys + "}]\n";
}

/// A port and a service, the keys that are required (but for `keys`, on line 3) and no server.
inline std::string service(const std::string& keys) {
  return kPorts +
         "services: [{name: web, listen: [\"10.0.0.80:80\"], forwarding: dr, scheduler: rr,\n" +
         keys + "}]\n";
}

/// The same with real servers on line 3.
inline std::string servers(const std::string& list) {
  return service("real_servers: [" + list + "]");
}

struct Row {
  std::string text;
  std::string errors;
};

inline void check_rows(const std::vector<Row>& rows) {
  for (const Row& row : rows) EXPECT_EQ(verdict(row.text), row.errors) << row.text;
}

}  // namespace lbd::config
