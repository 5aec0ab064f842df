// SPDX-License-Identifier: Apache-2.0
#include "vrrp/engine.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "vrrp/real_time.h"

namespace lbd::vrrp {
namespace {

/// Packets of one socket before timers are looked at again.
constexpr unsigned kPacketsAtOnce = 64;
/// Links are looked at so often even if the kernel said nothing.
constexpr Time kLongestWait = std::chrono::milliseconds(500);

Time monotonic_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::chrono::seconds(now.tv_sec) + Time(now.tv_nsec);
}

void empty_event(int fd) {
  uint64_t rung = 0;
  [[maybe_unused]] const ssize_t got = ::read(fd, &rung, sizeof(rung));
}

int open_link_events() {
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK;
  if (fd >= 0) ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address));
  return fd;
}

/// Up and with carrier; the kernel takes no lock for it.
bool is_running(int fd, const std::string& interface) {
  ifreq request{};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  if (::ioctl(fd, SIOCGIFFLAGS, &request) != 0) return false;
  return (request.ifr_flags & IFF_UP) != 0 && (request.ifr_flags & IFF_RUNNING) != 0;
}

}  // namespace

Engine::Engine(Thread& thread, std::vector<WorkerWatch> workers, std::vector<PortWatch> ports)
    : thread_(thread),
      router_(*this,
              [this](const GroupConfig& group, State state) {
                thread_.tell({Happening::Kind::kGroup, group.name, {}, state, 0, {}});
              }),
      watchdog_(std::move(workers), std::move(ports)) {}

Result<std::unique_ptr<Engine>> Engine::open(Thread& thread, std::vector<WorkerWatch> workers,
                                             std::vector<PortWatch> ports) {
  std::unique_ptr<Engine> engine(new Engine(thread, std::move(workers), std::move(ports)));
  engine->epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  engine->jobs_done_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  engine->link_events_ = open_link_events();
  engine->packet_ = ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  engine->control_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (engine->epoll_ < 0 || engine->jobs_done_ < 0 || engine->link_events_ < 0 ||
      engine->packet_ < 0 || engine->control_ < 0)
    return Error{std::string("vrrp: cannot open its sockets: ") + std::strerror(errno)};
  auto writer = KernelWriter::start(engine->jobs_done_);
  if (!writer) return writer.error();
  engine->writer_ = std::move(writer).value();
  engine->watch(thread.to_thread_);
  engine->watch(engine->jobs_done_);
  engine->watch(engine->link_events_);
  return engine;
}

Engine::~Engine() {
  writer_.reset();  // does what it was given
  for (const int fd : {epoll_, jobs_done_, link_events_, packet_, control_})
    if (fd >= 0) ::close(fd);
}

void Engine::watch(int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
}

void Engine::run() {
  real_time_ = become_real_time("lbd-vrrp", kThreadPriority);
  if (!real_time_)
    thread_.tell({Happening::Kind::kTrouble,
                  "",
                  {},
                  {},
                  0,
                  "no real-time priority (CAP_SYS_NICE): advertisements may be late"});
  while (!thread_.stop_.load(std::memory_order_relaxed)) {
    wait();
    // What was heard before what is due: who was stopped for a while must not take over from a
    // master whose advertisements are waiting.
    read_links();
    const Time now = monotonic_now();
    router_.fire(now);
    watch_dataplane(now);
    read_finished_jobs();
    read_commands();
  }
  router_.stop(monotonic_now());
}

void Engine::wait() {
  const Time now = monotonic_now();
  const Time next = std::min({router_.deadline(), next_check_, now + kLongestWait});
  const Time left = std::max(next - now, Time{0});
  const timespec timeout{static_cast<time_t>(left.count() / 1'000'000'000),
                         static_cast<long>(left.count() % 1'000'000'000)};
  epoll_event event;
  epoll_pwait2(epoll_, &event, 1, &timeout, nullptr);
}

// --- What came ---

void Engine::read_links() {
  for (const auto& link : links_)
    link->receive(kPacketsAtOnce, [&](const Received& received) { receive(*link, received); });
  std::array<char, 8192> ignored;
  bool links_changed = false;
  while (::recv(link_events_, ignored.data(), ignored.size(), 0) > 0) links_changed = true;
  // Also where the buffer overflowed: what they are is read anew in any case.
  if (links_changed || errno == ENOBUFS) watch_links();
}

void Engine::receive(Link& link, const Received& received) {
  const auto vrid = claimed_vrid(received.payload);
  Instance* instance = vrid ? router_.find(link.ifindex(), link.family(), *vrid) : nullptr;
  if (instance == nullptr) {
    ++unknown_vrid_;
    return;
  }
  const Time now = monotonic_now();
  const auto heard = read(received, instance->config().protocol);
  if (const auto* advertisement = std::get_if<Advertisement>(&heard)) {
    instance->receive(*advertisement, received.source, now);
    router_.settle(now);
  } else {
    instance->refuse(std::get<ErrorKind>(heard), received.source, now);
  }
}

void Engine::watch_links() {
  const Time now = monotonic_now();
  for (const auto& [name, interface] : link_tracks_)
    router_.track(name, is_running(control_, interface), now);
}

void Engine::watch_dataplane(Time now) {
  if (now < next_check_) return;
  next_check_ = now + Watchdog::kEvery;
  const std::string& fault = watchdog_.check(now);
  if (fault != dataplane_fault_) {
    dataplane_fault_ = fault;
    thread_.tell({Happening::Kind::kTrouble,
                  "",
                  {},
                  {},
                  0,
                  fault.empty() ? "the fast path is alive again" : "the fast path: " + fault});
  }
  router_.track("dataplane", fault.empty(), now);
}

void Engine::read_finished_jobs() {
  empty_event(jobs_done_);
  while (const auto job = writer_->finished()) {
    for (const std::string& problem : job->problems)
      thread_.tell({Happening::Kind::kTrouble, "", {}, {}, 0, problem});
    if (const auto taking = taking_.find(job->tag); taking != taking_.end()) {
      for (const auto& instance : router_.instances())
        if (key_of(*instance) == taking->second) instance->addresses_ready(monotonic_now());
      taking_.erase(taking);
    }
    if (const auto fenced = fenced_.find(job->tag); fenced != fenced_.end()) {
      thread_.answer(std::move(fenced->second));
      fenced_.erase(fenced);
    }
  }
}

// --- Commands ---

void Engine::read_commands() {
  empty_event(thread_.to_thread_);
  while (auto command = thread_.next_command()) run_command(std::move(command));
}

void Engine::run_command(std::unique_ptr<Command> command) {
  const Time now = monotonic_now();
  switch (command->kind) {
    case Command::Kind::kApply: {
      apply(*command);
      auto fence = std::make_unique<KernelJob>();
      fence->tag = next_tag_++;
      fenced_[fence->tag] = std::move(command);
      writer_->submit(std::move(fence));
      return;
    }
    case Command::Kind::kTrack:
      router_.track(command->name, command->on, now);
      break;
    case Command::Kind::kStepDown: {
      Instance* instance = router_.find(command->name);
      if (instance == nullptr) {
        command->error = "no instance \"" + command->name + "\"; lbctl vrrp lists them";
      } else if (instance->state() != State::kMaster) {
        command->error = "instance \"" + command->name + "\" is not MASTER but " +
                         std::string(to_text(instance->state()));
      } else {
        instance->step_down(now, "lbctl vrrp step-down");
        router_.settle(now);
      }
      break;
    }
    case Command::Kind::kMaintenance:
      router_.set_maintenance(command->on, now);
      break;
    case Command::Kind::kReport:
      report(*command);
      break;
  }
  thread_.answer(std::move(command));
}

void Engine::apply(Command& command) {
  const Time now = monotonic_now();
  for (const auto& link : command.links)
    if (std::ranges::find(links_, link) == links_.end())
      for (const int fd : link->fds()) watch(fd);
  link_tracks_.clear();
  for (const InstanceConfig& instance : command.plan.instances)
    for (const TrackConfig& track : instance.tracks)
      if (!track.interface.empty()) link_tracks_.emplace(track.name, track.interface);
  watch_links();
  router_.track("dataplane", watchdog_.check(now).empty(), now);
  // The old ones are still needed for the last word of instances that go.
  std::vector<std::shared_ptr<Link>> old = links_;
  for (const auto& link : command.links)
    if (std::ranges::find(links_, link) == links_.end()) links_.push_back(link);
  router_.apply(std::move(command.plan), now);
  links_ = command.links;
  std::erase_if(old,
                [&](const auto& link) { return std::ranges::find(links_, link) != links_.end(); });
  for (const auto& link : old)
    for (const int fd : link->fds()) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  command.links = std::move(old);
}

void Engine::report(Command& command) const {
  command.maintenance = router_.maintenance();
  command.unknown_vrid = unknown_vrid_;
  command.real_time = real_time_;
  for (const auto& instance : router_.instances()) {
    const InstanceConfig& config = instance->config();
    InstanceReport row;
    row.name = config.name;
    row.interface = config.interface;
    row.protocol = config.protocol;
    for (const VirtualAddress& address : config.addresses) row.addresses.push_back(address.prefix);
    if (config.virtual_mac) row.virtual_mac = config.virtual_mac->mac;
    row.state = instance->state();
    row.since = monotonic_now() - instance->since();
    row.reason = instance->reason();
    row.configured_priority = config.priority;
    row.priority = instance->priority();
    row.priority_reason = instance->tracking().explain();
    row.master = instance->master(monotonic_now());
    row.master_interval = instance->master_interval();
    row.counters = instance->counters();
    row.lateness = instance->lateness();
    command.instances.push_back(std::move(row));
  }
  for (const GroupConfig& group : router_.groups())
    command.groups.push_back({group.name, router_.group_state(group), group.instances});
}

}  // namespace lbd::vrrp
