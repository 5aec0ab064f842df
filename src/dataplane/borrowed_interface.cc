// SPDX-License-Identifier: Apache-2.0
#include "dataplane/borrowed_interface.h"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "common/log.h"
#include "dataplane/deaf_interface.h"

namespace lbd {
namespace {

/// Undoes everything that take() and the drivers do, whichever of it was done.
Status give_back(const InterfaceState& state) {
  const std::string path = state_path(interface_key(state.name, state.network_namespace));
  // Indices are not reused within a network namespace: another index is another interface, and
  // nothing is left of the one that was ours.
  if (interface::index(state.name) != state.index) {
    unlink(path.c_str());
    return Done{};
  }
  make_hear(state.index);
  const Status detached = interface::detach_xdp(state.index);
  const Status applied = apply_state(state);
  unlink(path.c_str());
  return applied ? detached : applied;
}

void heal(const std::filesystem::path& path) {
  std::ifstream in(path);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  const auto state = decode_state(text);
  if (!state) {
    spdlog::warn("{}: not readable, the interface stays as it is: {}", path.string(),
                 state.error().message);
    std::filesystem::remove(path);
    return;
  }
  const Status healed = give_back(*state);
  if (healed)
    spdlog::info("interface {}: put back as it was before a killed lbd had it", state->name);
  else
    spdlog::warn("interface {}: not all of it could be put back: {}", state->name,
                 healed.error().message);
}

}  // namespace

Result<std::unique_ptr<BorrowedInterface>> BorrowedInterface::take(const std::string& name,
                                                                   InterfaceUse use, uint16_t mtu) {
  auto lock =
      DeviceLock::take(interface_key(name, interface::network_namespace()), "interface " + name);
  if (!lock) return lock.error();
  // Not ours: what killed ones left was healed at start.
  if (use == InterfaceUse::kAfXdp && interface::has_xdp(interface::index(name)))
    return Error{
        fmt::format("an XDP program is attached already: ip link set dev {} xdp off", name)};
  auto before = read_present_state(name);
  if (!before) return before.error();
  if (const Status saved = save_state(*before); !saved) return saved.error();
  // From here on the destructor undoes what was done.
  std::unique_ptr<BorrowedInterface> out(
      new BorrowedInterface(std::move(*lock), std::move(*before)));
  if (const Status changed = out->change(use, mtu); !changed) return changed.error();
  return out;
}

Status BorrowedInterface::change(InterfaceUse use, uint16_t mtu) {
  const std::string& name = before_.name;
  if (use == InterfaceUse::kAfPacket) {
    if (const Status deaf = make_deaf(before_.index, name); !deaf) return deaf;
    if (before_.gro)
      if (const Status off = interface::set_gro(name, false); !off) return off;
  }
  // Addresses first: IPv6 off takes its own off, and the kernel then refuses to remove them again.
  if (const Status gone = interface::remove_addresses(before_.addressing); !gone) return gone;
  if (!before_.disable_ipv6.empty()) write_disable_ipv6(name, "1");
  if (mtu != before_.mtu)
    if (const Status set = interface::set_mtu(name, mtu); !set) return set;
  return interface::set_flags(name, {true, before_.flags.promiscuous, true});
}

BorrowedInterface::~BorrowedInterface() {
  if (const Status back = give_back(before_); !back)
    spdlog::warn("interface {}: not all of it could be put back: {}", before_.name,
                 back.error().message);
}

void heal_interfaces() {
  const std::string suffix = fmt::format("@{}", interface::network_namespace());
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(kRunDirectory, error)) {
    const std::filesystem::path& path = entry.path();
    const std::string key = path.stem();
    if (path.extension() != ".state" || !key.starts_with("interface-") || !key.ends_with(suffix))
      continue;
    // Somebody who holds the lock is alive and needs no healing.
    if (const auto lock = DeviceLock::take(key, key); lock.ok()) heal(path);
  }
}

}  // namespace lbd
