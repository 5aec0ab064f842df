// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

namespace lbd::config {
namespace {

TEST(DataplaneSection, accepted) {
  check_rows({
      {with("dataplane: {control_core: 0, worker_cores: [1, 2], hugepages: false, memory: 512MiB, "
            "max_connections: 1024}"),
       "ok\n"},
      {with("dataplane: {half_open_share: 100%, idle: sleep, steering: software, sloppy_tcp: "
            "false, memory: auto}"),
       "ok\n"},
      {with(
           R"(dataplane: {rss: {key: "6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d", table_size: 128}, steering: rss})"),
       "ok\n"},
      {with(
           R"(dataplane: {rss: {key: "6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d:6d"}})"),
       "ok\n"},
      {with(
           R"(dataplane: {eal_args: [--lcores, "1@0"], timeouts: {tcp_established: 168h, icmp: 1m}})"),
       "ok\n"},
  });
}

TEST(DataplaneSection, cores) {
  check_rows({
      {with("dataplane: {worker_cores: []}"),
       "f.yaml:3:27: dataplane.worker_cores: no worker; name at least one core\n"},
      {with("dataplane: {worker_cores: 1}"),
       "f.yaml:3:27: dataplane.worker_cores: expected a list, got \"1\"; write it as [a, b] or one "
       "\"- a\" a line\n"},
      {with("dataplane: {worker_cores: [1, 2, 1]}"),
       "f.yaml:3:34: dataplane.worker_cores[2]: core 1 is given twice; a core has one worker: "
       "name another core\n"},
      {with("dataplane: {worker_cores: [-1]}"),
       "f.yaml:3:28: dataplane.worker_cores[0]: -1 is below 0; use 0..1023\n"},
      {with("dataplane: {worker_cores: [1024]}"),
       "f.yaml:3:28: dataplane.worker_cores[0]: 1024 is above 1023; use 0..1023\n"},
      {with("dataplane: {worker_cores: [one]}"),
       "f.yaml:3:28: dataplane.worker_cores[0]: \"one\" is not a whole number; use 0..1023\n"},
      {with(R"(dataplane: {worker_cores: ["1"]})"),
       "f.yaml:3:28: dataplane.worker_cores[0]: expected a number, got the text \"1\"; write it "
       "without quotes\n"},
      {with("dataplane: {worker_cores: [1, 2], control_core: 2}"),
       "f.yaml:3:49: dataplane.control_core: core 2 is a worker's; name another core\n"},
      {with("dataplane: {control_core: 1}"),
       "f.yaml:3:27: dataplane.control_core: core 1 is a worker's; name another core\n"},
      {with("dataplane: {control_core: auto}"),
       "f.yaml:3:27: dataplane.control_core: \"auto\" is not a whole number; use 0..1023\n"},
      {with("dataplane: {worker_cores: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, "
            "17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, "
            "38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, "
            "59, 60, 61, 62, 63, 64]}"),
       "f.yaml:3:27: dataplane.worker_cores: 65 workers are above 64; take some out\n"},
  });
}

TEST(DataplaneSection, tables) {
  check_rows({
      {with("dataplane: {hugepages: no}"),
       "f.yaml:3:24: dataplane.hugepages: expected true or false, got \"no\"\n"},
      {with(R"(dataplane: {hugepages: "true"})"),
       "f.yaml:3:24: dataplane.hugepages: expected true or false, got the text \"true\"; write it "
       "without quotes\n"},
      {with("dataplane: {memory: 512}"),
       "f.yaml:3:21: dataplane.memory: \"512\" has no unit; write it with a unit, as 64KiB, 512MiB "
       "or 2GiB\n"},
      {with("dataplane: {memory: 512MB}"),
       "f.yaml:3:21: dataplane.memory: \"512MB\" is not a size; write it with a unit, as 64KiB, "
       "512MiB or 2GiB\n"},
      {with("dataplane: {memory: 1MiB}"),
       "f.yaml:3:21: dataplane.memory: 1MiB is below 16MiB; use 16MiB..4096GiB\n"},
      {with("dataplane: {memory: 5000GiB}"),
       "f.yaml:3:21: dataplane.memory: 5000GiB is above 4096GiB; use 16MiB..4096GiB\n"},
      {with("dataplane: {memory: lots}"),
       "f.yaml:3:21: dataplane.memory: \"lots\" is not a size; write it with a unit, as 64KiB, "
       "512MiB or 2GiB\n"},
      {with("dataplane: {max_connections: 1023}"),
       "f.yaml:3:30: dataplane.max_connections: 1023 is below 1024; use 1024..100000000\n"},
      {with("dataplane: {max_connections: 100000001}"),
       "f.yaml:3:30: dataplane.max_connections: 100000001 is above 100000000; use "
       "1024..100000000\n"},
      {with("dataplane: {max_connections: 1e6}"),
       "f.yaml:3:30: dataplane.max_connections: \"1e6\" is not a whole number; use "
       "1024..100000000\n"},
      {with("dataplane: {max_connections: 010000}"),
       "f.yaml:3:30: dataplane.max_connections: \"010000\" has a leading zero; use "
       "1024..100000000\n"},
      {with("dataplane: {max_connections: 99999999999999999999}"),
       "f.yaml:3:30: dataplane.max_connections: 99999999999999999999 is above 100000000; use "
       "1024..100000000\n"},
      {with("dataplane: {half_open_share: 0%}"),
       "f.yaml:3:30: dataplane.half_open_share: 0% is below 1%; use 1%..100%\n"},
      {with("dataplane: {half_open_share: 101%}"),
       "f.yaml:3:30: dataplane.half_open_share: 101% is above 100%; use 1%..100%\n"},
      {with("dataplane: {half_open_share: 50}"),
       "f.yaml:3:30: dataplane.half_open_share: \"50\" is not a percentage; use 1%..100%\n"},
      {with("dataplane: {half_open_share: half}"),
       "f.yaml:3:30: dataplane.half_open_share: \"half\" is not a percentage; use 1%..100%\n"},
  });
}

TEST(DataplaneSection, modes) {
  check_rows({
      {with("dataplane: {idle: rest}"),
       "f.yaml:3:19: dataplane.idle: \"rest\" is unknown; write poll or sleep\n"},
      {with("dataplane: {steering: hardware}"),
       "f.yaml:3:23: dataplane.steering: \"hardware\" is unknown; write auto, rss or software\n"},
      {with("dataplane: {eal_args: --foo}"),
       "f.yaml:3:23: dataplane.eal_args: expected a list, got \"--foo\"; write it as [a, b] or one "
       "\"- a\" a line\n"},
      {with(R"(dataplane: {eal_args: [""]})"),
       "f.yaml:3:24: dataplane.eal_args[0]: is empty; give it a value or leave the key out\n"},
      {with("dataplane: {rss: {key: 6d}}"),
       "f.yaml:3:24: dataplane.rss.key: 1 bytes are no length of a key; write 40 or 52 bytes\n"},
      {with(R"(dataplane: {rss: {key: "6d5"}})"),
       "f.yaml:3:24: dataplane.rss.key: \"6d5\" has an odd number of hexadecimal digits; write 40 "
       "or 52 bytes as hexadecimal digits\n"},
      {with(R"(dataplane: {rss: {key: "zz"}})"),
       "f.yaml:3:24: dataplane.rss.key: \"zz\" is not hexadecimal; write 40 or 52 bytes as "
       "hexadecimal digits\n"},
      {with("dataplane: {rss: {table_size: 100}}"),
       "f.yaml:3:31: dataplane.rss.table_size: 100 is no power of two; use 64, 128, 256 or 512\n"},
      {with("dataplane: {rss: {table_size: 1024}}"),
       "f.yaml:3:31: dataplane.rss.table_size: 1024 is above 512; use 64..512\n"},
      {with("dataplane: {rss: {size: 1}}"),
       "f.yaml:3:19: dataplane.rss: unknown key \"size\"; known here: key, table_size\n"},
  });
}

TEST(DataplaneSection, fragments) {
  check_rows({
      {with("dataplane: {fragments: {datagrams: 64, held: 1, held_bytes: 64KiB, timeout: 1m}}"),
       "ok\n"},
      {with("dataplane: {fragments: {datagrams: 63}}"),
       "f.yaml:3:36: dataplane.fragments.datagrams: 63 is below 64; use 64..1000000\n"},
      {with("dataplane: {fragments: {held: 0}}"),
       "f.yaml:3:31: dataplane.fragments.held: 0 is below 1; use 1..65536\n"},
      {with("dataplane: {fragments: {held_bytes: 1KiB}}"),
       "f.yaml:3:37: dataplane.fragments.held_bytes: 1KiB is below 64KiB; use 64KiB..1GiB\n"},
      {with("dataplane: {fragments: {timeout: 61s}}"),
       "f.yaml:3:34: dataplane.fragments.timeout: 61s is above 1m; use 100ms..1m\n"},
      {with("dataplane: {fragments: {hold: 1}}"),
       "f.yaml:3:25: dataplane.fragments: unknown key \"hold\"; did you mean held?\n"},
  });
}

TEST(DataplaneSection, timeouts) {
  check_rows({
      {with("dataplane: {timeouts: {udp: 5}}"),
       "f.yaml:3:29: dataplane.timeouts.udp: \"5\" has no unit; write it with a unit, as 10ms, 3s, "
       "2m or 1h\n"},
      {with("dataplane: {timeouts: {udp: 5d}}"),
       "f.yaml:3:29: dataplane.timeouts.udp: \"5d\" is not a duration; write it with a unit, as "
       "10ms, 3s, 2m or 1h\n"},
      {with("dataplane: {timeouts: {udp: 99ms}}"),
       "f.yaml:3:29: dataplane.timeouts.udp: 99ms is below 100ms; use 100ms..168h\n"},
      {with("dataplane: {timeouts: {udp: 169h}}"),
       "f.yaml:3:29: dataplane.timeouts.udp: 169h is above 168h; use 100ms..168h\n"},
      {with("dataplane: {timeouts: {udp: 1.0005s}}"),
       "f.yaml:3:29: dataplane.timeouts.udp: \"1.0005s\" is not a duration; write it with a unit, "
       "as 10ms, 3s, 2m or 1h\n"},
      {with("dataplane: {timeouts: {udp: 0.5ms}}"),
       "f.yaml:3:29: dataplane.timeouts.udp: \"0.5ms\" is no whole number of milliseconds; write "
       "it with a unit, as 10ms, 3s, 2m or 1h\n"},
      {with("dataplane: {timeouts: {udp: -1s}}"),
       "f.yaml:3:29: dataplane.timeouts.udp: \"-1s\" is not a duration; write it with a unit, as "
       "10ms, 3s, 2m or 1h\n"},
      {with(R"(dataplane: {timeouts: {udp: "5"}})"),
       "f.yaml:3:29: dataplane.timeouts.udp: \"5\" has no unit; write it with a unit, as 10ms, 3s, "
       "2m or 1h\n"},
      {with("dataplane: {timeouts: {icmp: 5s}}"),
       "f.yaml:3:30: dataplane.timeouts.icmp: not supported yet; leave it out or write 60s\n"},
      {with(R"(dataplane: {timeouts: {udp: "5s"}, memory: "512MiB", half_open_share: "50%"})"),
       "ok\n"},
      {with("dataplane: {timeouts: {tcp_fin_wait: 5s}}"),
       "f.yaml:3:24: dataplane.timeouts: unknown key \"tcp_fin_wait\"; known here: "
       "tcp_established, tcp_syn_sent, tcp_syn_recv, tcp_fin, tcp_close, udp, icmp\n"},
      {with("dataplane: {timeouts: 5s}"),
       "f.yaml:3:23: dataplane.timeouts: expected a map of keys and values; write \"key: value\" "
       "lines or {key: value}\n"},
  });
}

}  // namespace
}  // namespace lbd::config
