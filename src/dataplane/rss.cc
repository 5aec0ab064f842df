// SPDX-License-Identifier: Apache-2.0
#include "dataplane/rss.h"

#include <rte_ethdev.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstring>

namespace lbd {
namespace {

/// Without these a flow could reach another worker than its owner.
constexpr uint64_t kRequired = RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP |
                               RTE_ETH_RSS_NONFRAG_IPV6_TCP | RTE_ETH_RSS_NONFRAG_IPV6_UDP;
constexpr uint64_t kWanted =
    kRequired | RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_FRAG_IPV6;

using Groups = std::vector<rte_eth_rss_reta_entry64>;

Groups empty_groups(unsigned size) {
  Groups out((size + RTE_ETH_RETA_GROUP_SIZE - 1) / RTE_ETH_RETA_GROUP_SIZE);
  for (unsigned i = 0; i < size; ++i)
    out[i / RTE_ETH_RETA_GROUP_SIZE].mask |= uint64_t{1} << i % RTE_ETH_RETA_GROUP_SIZE;
  return out;
}

Status check_key(uint16_t ethdev, std::span<const uint8_t> key) {
  std::vector<uint8_t> read(key.size());
  rte_eth_rss_conf conf{};
  conf.rss_key = read.data();
  conf.rss_key_len = static_cast<uint8_t>(read.size());
  if (const int error = rte_eth_dev_rss_hash_conf_get(ethdev, &conf); error != 0)
    return Error{fmt::format("its hash key cannot be read back: {}", std::strerror(-error))};
  if (!std::equal(key.begin(), key.end(), read.begin()))
    return Error{"it did not take the hash key"};
  if ((conf.rss_hf & kRequired) != kRequired)
    return Error{"it does not hash both TCP and UDP over IPv4 and IPv6"};
  return Done{};
}

}  // namespace

uint64_t rss_types(const rte_eth_dev_info& info) {
  return kWanted & info.flow_type_rss_offloads;
}

std::vector<uint8_t> device_key(std::span<const uint8_t> key, unsigned size) {
  std::vector<uint8_t> out(key.begin(), key.end());
  out.resize(size);
  return out;
}

bool table_fits(const Owner& owner, unsigned size) {
  if (size == 0) return false;
  if (size >= Owner::kTableSize) return size % Owner::kTableSize == 0;
  if (Owner::kTableSize % size != 0) return false;
  for (unsigned i = 0; i < Owner::kTableSize; ++i)
    if (owner.table()[i] != owner.table()[i % size]) return false;
  return true;
}

std::string rss_obstacle(const rte_eth_dev_info& info, const std::string& bus, const Owner& owner,
                         unsigned rx_queues) {
  const char* driver = info.driver_name;
  if (bus == "vdev") return fmt::format("{} does not spread in hardware", driver);
  if (info.max_rx_queues < owner.workers() || rx_queues < owner.workers())
    return fmt::format("{} receive queues, {} workers", rx_queues, owner.workers());
  if (info.hash_key_size < Toeplitz::kMaxInput + 4)
    return fmt::format("{} takes hash keys of {} bytes", driver, info.hash_key_size);
  if (!table_fits(owner, info.reta_size))
    return fmt::format("{}'s redirection table has {} entries", driver, info.reta_size);
  if ((info.flow_type_rss_offloads & kRequired) != kRequired)
    return fmt::format("{} does not hash both TCP and UDP over IPv4 and IPv6", driver);
  return {};
}

std::vector<uint16_t> redirection_table(const Owner& owner, PortIndex port, unsigned size) {
  const unsigned workers = owner.workers();
  std::vector<uint16_t> out(size);
  for (unsigned i = 0; i < size; ++i)
    // The reverse of queue_worker().
    out[i] = static_cast<uint16_t>((owner.of(i) + workers - port % workers) % workers);
  return out;
}

Status apply_rss(uint16_t ethdev, const rte_eth_dev_info& info, const Owner& owner, PortIndex port,
                 std::span<const uint8_t> key) {
  const std::vector<uint16_t> table = redirection_table(owner, port, info.reta_size);
  Groups groups = empty_groups(info.reta_size);
  for (unsigned i = 0; i < table.size(); ++i)
    groups[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] = table[i];
  if (const int error = rte_eth_dev_rss_reta_update(ethdev, groups.data(), info.reta_size);
      error != 0)
    return Error{fmt::format("its redirection table cannot be set: {}", std::strerror(-error))};

  Groups read = empty_groups(info.reta_size);
  if (const int error = rte_eth_dev_rss_reta_query(ethdev, read.data(), info.reta_size); error != 0)
    return Error{
        fmt::format("its redirection table cannot be read back: {}", std::strerror(-error))};
  for (unsigned i = 0; i < table.size(); ++i)
    if (read[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] != table[i])
      return Error{"it did not take the redirection table"};
  return check_key(ethdev, device_key(key, info.hash_key_size));
}

}  // namespace lbd
