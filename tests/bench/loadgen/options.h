// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/address.h"
#include "common/result.h"

namespace lbd::loadgen {

enum class Mode : uint8_t {
  kEstablished,    // the flows of the table, over and over, after each was opened once
  kNew,            // every frame opens a flow that was never seen
  kServerAnswers,  // what real servers would answer to what the device under test forwarded
  kBothWays,       // kEstablished and kServerAnswers in turn, frame by frame
};

/// How the device under test forwards, and so what comes back.
enum class Method : uint8_t {
  kDr,  // IP as it was sent; the yardstick's frames, too
  kNat,
  kFullnat,
  kIpip,  // and below: inside another IP packet of the same family
  kGre,
  kGue,
};

/// What the command line asks for; the defaults are those of --help.
struct Options {
  Mode mode = Mode::kEstablished;
  Method method = Method::kDr;
  bool tcp = false;
  bool random_order = false;
  uint32_t flows = 65536;
  uint32_t clients = 65536;  // addresses over which the flows are spread

  IpAddress client;  // the first client's address
  IpAddress vip;
  uint16_t vip_port = 80;
  MacAddress destination_mac;  // the device under test
  MacAddress source_mac;
  std::vector<MacAddress> expected_macs;  // destinations of what comes back; empty: any
  std::vector<MacAddress> client_macs;    // those of what is on its way to clients; empty: any

  uint32_t frame_size = 64;  // bytes on the wire, the four of the frame check sequence included
  double rate = 0;           // frames a second; 0: as fast as the device takes them
  double prime_rate = 1'000'000;
  double seconds = 5;
  double warmup = 1;
  double interval = 0.5;  // seconds a sample of the rate
  uint32_t burst = 64;
  double link_timeout = 30;  // seconds
  bool latency = false;
  bool wait_for_line = false;
  std::string json;  // file; empty: none

  bool v4() const { return vip.is_v4(); }
  /// Whether the device under test sees what servers answer.
  bool sees_answers() const { return method == Method::kNat || method == Method::kFullnat; }
};

/// Reads the program's own arguments (what follows EAL's `--`).
Result<Options> parse_options(int argc, char** argv);

/// The text of --help.
std::string options_help();

}  // namespace lbd::loadgen
