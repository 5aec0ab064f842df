// SPDX-License-Identifier: Apache-2.0
#include "dataplane/interface_netlink.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace lbd::interface {
namespace {

using Message = std::vector<uint8_t>;

struct FreeSocket {
  void operator()(nl_sock* socket) const { nl_socket_free(socket); }
};
struct FreeMessage {
  void operator()(nl_msg* message) const { nlmsg_free(message); }
};
using Socket = std::unique_ptr<nl_sock, FreeSocket>;
using NlMessage = std::unique_ptr<nl_msg, FreeMessage>;

Error failure(const char* what, int nl_error) {
  return Error{fmt::format("netlink: {}: {}", what, nl_geterror(nl_error))};
}

Result<Socket> open_socket() {
  Socket socket(nl_socket_alloc());
  if (!socket) return Error{"netlink: no memory"};
  if (const int error = nl_connect(socket.get(), NETLINK_ROUTE); error < 0)
    return failure("connect", error);
  return socket;
}

/// All messages of a dump, of both families.
Result<std::vector<Message>> dump(int type, size_t request_bytes = sizeof(rtgenmsg)) {
  auto socket = open_socket();
  if (!socket) return socket.error();
  std::vector<Message> out;
  nl_socket_modify_cb(
      socket->get(), NL_CB_VALID, NL_CB_CUSTOM,
      [](nl_msg* message, void* to) {
        const nlmsghdr* header = nlmsg_hdr(message);
        const auto* bytes = reinterpret_cast<const uint8_t*>(header);
        static_cast<std::vector<Message>*>(to)->emplace_back(bytes, bytes + header->nlmsg_len);
        return static_cast<int>(NL_OK);
      },
      &out);
  // Every request begins with the family, and zero is "any".
  ifinfomsg request{};
  int error = nl_send_simple(socket->get(), type, NLM_F_DUMP, &request, request_bytes);
  if (error >= 0) error = nl_recvmsgs_default(socket->get());
  if (error < 0) return failure("dump", error);
  return out;
}

/// Calls `use` for each of a route's equal-cost next hops.
template <class Use>
void for_each_hop(nlmsghdr* route, Use use) {
  const nlattr* hops = nlmsg_find_attr(route, sizeof(rtmsg), RTA_MULTIPATH);
  if (hops == nullptr) return;
  auto* hop = static_cast<rtnexthop*>(nla_data(hops));
  for (int left = nla_len(hops); RTNH_OK(hop, left); hop = RTNH_NEXT(hop)) {
    left -= static_cast<int>(RTNH_ALIGN(hop->rtnh_len));
    use(*hop);
  }
}

/// "Dead" and "link down" are the kernel's to say: it refuses routes that come with them.
void clear_link_flags(nlmsghdr* route) {
  static_cast<rtmsg*>(nlmsg_data(route))->rtm_flags &= RTNH_F_ONLINK;
  for_each_hop(route, [](rtnexthop& hop) { hop.rtnh_flags &= RTNH_F_ONLINK; });
}

/// Sends `message` again with another type; NLE_* as libnl has it.
int replay(nl_sock* socket, const Message& message, uint16_t type, int flags) {
  Message copy = message;
  auto* header = reinterpret_cast<nlmsghdr*>(copy.data());
  if (type == RTM_NEWROUTE) clear_link_flags(header);
  NlMessage out(nlmsg_inherit(header));
  if (!out) return -NLE_NOMEM;
  nlmsghdr* sent = nlmsg_hdr(out.get());
  sent->nlmsg_type = type;
  sent->nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
  sent->nlmsg_pid = sent->nlmsg_seq = 0;
  nlmsg_append(out.get(), copy.data() + NLMSG_HDRLEN, copy.size() - NLMSG_HDRLEN, 0);
  return nl_send_sync(socket, out.release());
}

const nlmsghdr* header_of(const Message& message) {
  return reinterpret_cast<const nlmsghdr*>(message.data());
}

template <class T>
const nlattr* attribute(const Message& message, int type) {
  return nlmsg_find_attr(const_cast<nlmsghdr*>(header_of(message)), sizeof(T), type);
}

/// Whether one of the route's equal-cost next hops is on the interface.
bool has_hop(const Message& route, unsigned index) {
  bool found = false;
  for_each_hop(const_cast<nlmsghdr*>(header_of(route)),
               [&](const rtnexthop& hop) { found |= hop.rtnh_ifindex == static_cast<int>(index); });
  return found;
}

bool is_of(const Message& route, unsigned index) {
  const auto* body = static_cast<const rtmsg*>(nlmsg_data(header_of(route)));
  if (body->rtm_protocol == RTPROT_KERNEL || (body->rtm_flags & RTM_F_CLONED)) return false;
  const nlattr* device = attribute<rtmsg>(route, RTA_OIF);
  if (device == nullptr) return has_hop(route, index);
  return nla_get_u32(device) == index;
}

Status replay_all(nl_sock* socket, const std::vector<Message>& messages, uint16_t type,
                  const char* what) {
  Status out = Done{};
  for (const Message& message : messages) {
    const int error = replay(socket, message, type, NLM_F_CREATE);
    // A route over several interfaces has to wait for the last of them, whose state names it, too.
    const bool may_wait =
        type == RTM_NEWROUTE && attribute<rtmsg>(message, RTA_MULTIPATH) != nullptr;
    if (error < 0 && error != -NLE_EXIST && !may_wait && out) out = failure(what, error);
  }
  return out;
}

}  // namespace

Result<Addressing> dump_addressing(unsigned index) {
  auto addresses = dump(RTM_GETADDR);
  if (!addresses) return addresses.error();
  auto routes = dump(RTM_GETROUTE);
  if (!routes) return routes.error();

  Addressing out;
  for (Message& message : *addresses)
    if (static_cast<const ifaddrmsg*>(nlmsg_data(header_of(message)))->ifa_index == index)
      out.addresses.push_back(std::move(message));
  for (Message& message : *routes)
    if (is_of(message, index)) out.routes.push_back(std::move(message));
  std::stable_partition(out.routes.begin(), out.routes.end(), [](const Message& route) {
    return attribute<rtmsg>(route, RTA_GATEWAY) == nullptr &&
           attribute<rtmsg>(route, RTA_MULTIPATH) == nullptr;
  });
  return out;
}

Status remove_addresses(const Addressing& addressing) {
  auto socket = open_socket();
  if (!socket) return socket.error();
  for (const Message& message : addressing.addresses) {
    const int error = replay(socket->get(), message, RTM_DELADDR, 0);
    if (error < 0 && error != -NLE_NOADDR) return failure("removing an address", error);
  }
  return Done{};
}

Status restore_addressing(const Addressing& addressing) {
  auto socket = open_socket();
  if (!socket) return socket.error();
  const Status addresses =
      replay_all(socket->get(), addressing.addresses, RTM_NEWADDR, "restoring an address");
  const Status routes =
      replay_all(socket->get(), addressing.routes, RTM_NEWROUTE, "restoring a route");
  return addresses ? routes : addresses;
}

bool has_xdp(unsigned index) {
  const auto links = dump(RTM_GETLINK, sizeof(ifinfomsg));
  if (!links) return false;
  for (const Message& link : *links) {
    const auto* body = static_cast<const ifinfomsg*>(nlmsg_data(header_of(link)));
    const nlattr* xdp = attribute<ifinfomsg>(link, IFLA_XDP);
    if (body->ifi_index != static_cast<int>(index) || xdp == nullptr) continue;
    const nlattr* attached =
        nla_find(static_cast<const nlattr*>(nla_data(xdp)), nla_len(xdp), IFLA_XDP_ATTACHED);
    return attached != nullptr && nla_get_u8(attached) != XDP_ATTACHED_NONE;
  }
  return false;
}

Status detach_xdp(unsigned index) {
  auto socket = open_socket();
  if (!socket) return socket.error();
  ifinfomsg link{};
  link.ifi_index = static_cast<int>(index);
  NlMessage message(nlmsg_alloc_simple(RTM_SETLINK, NLM_F_REQUEST));
  if (!message) return Error{"netlink: no memory"};
  nlmsg_append(message.get(), &link, sizeof(link), NLMSG_ALIGNTO);
  nlattr* nest = nla_nest_start(message.get(), IFLA_XDP);
  nla_put_s32(message.get(), IFLA_XDP_FD, -1);
  nla_nest_end(message.get(), nest);
  if (const int error = nl_send_sync(socket->get(), message.release()); error < 0)
    return failure("detaching the XDP program", error);
  return Done{};
}

}  // namespace lbd::interface
