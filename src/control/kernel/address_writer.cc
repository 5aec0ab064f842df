// SPDX-License-Identifier: Apache-2.0
#include "control/kernel/address_writer.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace lbd {
namespace {

constexpr uint32_t kForever = 0xffffffffu;

void put_ip(nl_msg* message, int type, const IpAddress& address) {
  nla_put(message, type, static_cast<int>(address.size()), address.data());
}

/// RFC 919 5: the host part all ones.
IpAddress broadcast_of(const Prefix& prefix) {
  return IpAddress::v4_host(prefix.address.v4_host() | (0xffffffffu >> prefix.length));
}

netlink::Message make_request(int type, int flags, int ifindex, const PlannedAddress& planned) {
  const Prefix& prefix = planned.prefix;
  ifaddrmsg header{};
  header.ifa_family = prefix.address.is_v4() ? AF_INET : AF_INET6;
  header.ifa_prefixlen = prefix.length;
  header.ifa_scope = prefix.address.is_link_local() ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  header.ifa_index = static_cast<unsigned>(ifindex);
  auto message = netlink::make_message(type, NLM_F_REQUEST | flags, &header, sizeof(header));
  if (!message) return message;
  put_ip(message.get(), IFA_LOCAL, prefix.address);
  put_ip(message.get(), IFA_ADDRESS, prefix.address);
  return message;
}

int add_address(netlink::RequestSocket& requests, int ifindex, const PlannedAddress& planned) {
  auto message = make_request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, ifindex, planned);
  if (!message) return ENOMEM;
  if (planned.prefix.address.is_v4()) {
    if (planned.prefix.length < 31) {
      put_ip(message.get(), IFA_BROADCAST, broadcast_of(planned.prefix));
    }
  } else {
    nla_put_u32(message.get(), IFA_FLAGS, IFA_F_NODAD);
    // A deprecated address answers but is no source of new connections (RFC 4862 5.5.4).
    ifa_cacheinfo lifetime{};
    lifetime.ifa_prefered = planned.service ? 0 : kForever;
    lifetime.ifa_valid = kForever;
    nla_put(message.get(), IFA_CACHEINFO, sizeof(lifetime), &lifetime);
  }
  const int error = requests.request(std::move(message));
  return error == EEXIST ? 0 : error;
}

int remove_address(netlink::RequestSocket& requests, int ifindex, const PlannedAddress& planned) {
  auto message = make_request(RTM_DELADDR, 0, ifindex, planned);
  const int error = message ? requests.request(std::move(message)) : ENOMEM;
  // Gone already, or with its interface: that is what we want.
  return error == EADDRNOTAVAIL || error == ENODEV ? 0 : error;
}

}  // namespace

Status AddressWriter::apply(netlink::RequestSocket& requests, PortIndex port, int ifindex,
                            const std::vector<PlannedAddress>& wanted) {
  Put& put = ports_[port];
  put.wanted = wanted;
  std::string problems;
  const auto note = [&](const char* verb, const PlannedAddress& planned, int error) {
    if (error == 0) return true;
    problems += (problems.empty() ? "" : "; ") + std::string("cannot ") + verb + " address " +
                planned.prefix.to_string() + ": " + std::strerror(error);
    if (!requests.reason().empty()) problems += " (" + requests.reason() + ")";
    return false;
  };
  const auto is_wanted = [&](const PlannedAddress& there) {
    return std::ranges::find(wanted, there.prefix, &PlannedAddress::prefix) != wanted.end();
  };
  // IPv6 refuses an address that is there with another prefix length: old ones go first. With
  // promote_secondaries the kernel keeps the others of the same network.
  std::erase_if(put.there, [&](const PlannedAddress& there) {
    return !is_wanted(there) && note("remove", there, remove_address(requests, ifindex, there));
  });
  for (const PlannedAddress& planned : wanted) {
    if (std::ranges::find(put.there, planned) != put.there.end()) continue;
    if (!note("add", planned, add_address(requests, ifindex, planned))) continue;
    std::erase_if(put.there, [&](const auto& there) { return there.prefix == planned.prefix; });
    put.there.push_back(planned);
  }
  if (!problems.empty()) return Error{problems};
  return Done{};
}

Status AddressWriter::apply_again(netlink::RequestSocket& requests, PortIndex port, int ifindex) {
  Put& put = ports_[port];
  // Not there as far as we know, so everything wanted is put; what is unwanted stays on the list.
  std::erase_if(put.there, [&](const PlannedAddress& there) {
    return std::ranges::find(put.wanted, there) != put.wanted.end();
  });
  const std::vector<PlannedAddress> wanted = put.wanted;
  return apply(requests, port, ifindex, wanted);
}

}  // namespace lbd
