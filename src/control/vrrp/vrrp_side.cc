// SPDX-License-Identifier: Apache-2.0
#include "control/vrrp/vrrp_side.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace lbd {
namespace {

constexpr std::chrono::seconds kRetry{1};

std::vector<vrrp::WorkerWatch> worker_watches(Dataplane& dataplane) {
  std::vector<vrrp::WorkerWatch> out;
  for (unsigned index = 0; index < dataplane.workers(); ++index) {
    const Counter& rounds = dataplane.counters(static_cast<WorkerIndex>(index)).total_cycles;
    out.push_back({"worker " + std::to_string(index), [&rounds] { return rounds.get(); }});
  }
  return out;
}

uint64_t count(Dataplane& dataplane, PortIndex port, Verdict verdict) {
  uint64_t sum = 0;
  for (unsigned index = 0; index < dataplane.workers(); ++index)
    sum += dataplane.counters(static_cast<WorkerIndex>(index))
               .ports[port]
               .verdicts[static_cast<unsigned>(verdict)]
               .get();
  return sum;
}

std::vector<vrrp::PortWatch> port_watches(Dataplane& dataplane) {
  std::vector<vrrp::PortWatch> out;
  for (unsigned index = 0; index < dataplane.ports().count; ++index) {
    const auto port = static_cast<PortIndex>(index);
    out.push_back({"port " + dataplane.ports()[port].name,
                   [&dataplane, port] { return count(dataplane, port, Verdict::kForwarded); },
                   [&dataplane, port] { return count(dataplane, port, Verdict::kTxFull); }});
  }
  return out;
}

}  // namespace

VrrpSide::VrrpSide(boost::asio::io_context& io, Dataplane& dataplane)
    : io_(io), dataplane_(dataplane), events_(io), retry_(io) {}

VrrpSide::~VrrpSide() {
  if (events_.is_open()) events_.release();  // the descriptor is the thread's
}

Status VrrpSide::start_thread() {
  auto thread = vrrp::Thread::start(worker_watches(dataplane_), port_watches(dataplane_));
  if (!thread) return thread.error();
  thread_ = std::move(thread).value();
  events_.assign(thread_->fd());
  wait_readable();
  return Done{};
}

void VrrpSide::wait_readable() {
  events_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                     [this](const boost::system::error_code& error) {
                       if (error) return;
                       thread_->poll([this](const auto& happening) { happened(happening); });
                       wait_readable();
                     });
}

void VrrpSide::happened(const vrrp::Happening& happening) {
  using Kind = vrrp::Happening::Kind;
  switch (happening.kind) {
    case Kind::kState:
      spdlog::info("vrrp: {}: {} -> {}, priority {}: {}", happening.name,
                   vrrp::to_text(happening.before), vrrp::to_text(happening.state),
                   happening.priority, happening.text);
      break;
    case Kind::kGroup:
      spdlog::info("vrrp: sync group {}: {}", happening.name, vrrp::to_text(happening.state));
      break;
    case Kind::kNote:
      spdlog::warn("vrrp: {}: {}", happening.name, happening.text);
      break;
    case Kind::kTrouble:
      spdlog::warn("vrrp: {}", happening.text);
      break;
  }
}

void VrrpSide::apply(std::shared_ptr<const config::Config> config,
                     std::shared_ptr<const VirtualAddresses> slots, std::function<void()> done) {
  config_ = std::move(config);
  slots_ = std::move(slots);
  if (!thread_ && config_->vrrp.instances.empty()) return done();
  if (!thread_) {
    if (const Status started = start_thread(); !started) {
      spdlog::error("{}", started.error().message);
      return done();
    }
  }
  send_plan(std::move(done));
}

void VrrpSide::send_plan(std::function<void()> done) {
  VrrpPlan plan = make_vrrp_plan(*config_, *slots_, dataplane_.held_flags(), links_);
  auto command = std::make_unique<vrrp::Command>();
  command->kind = vrrp::Command::Kind::kApply;
  command->plan = std::move(plan.plan);
  for (const auto& [key, link] : plan.links) command->links.push_back(link);
  command->done = [this, slots = slots_, done = std::move(done)](vrrp::Command&) {
    // Connections of an address that has become an ordinary one go on.
    for (const auto& [address, slot] : *slots)
      if (!slot.owned) dataplane_.held_flags()[slot.slot] = 1;
    done();
  };
  links_ = std::move(plan.links);
  if (plan.problems != problems_)
    for (const std::string& problem : plan.problems) spdlog::error("{}; trying again", problem);
  problems_ = std::move(plan.problems);
  thread_->submit(std::move(command));
  if (!problems_.empty()) try_again_later();
}

void VrrpSide::try_again_later() {
  retry_.expires_after(kRetry);
  retry_.async_wait([this](const boost::system::error_code& error) {
    if (!error) send_plan([] {});
  });
}

bool VrrpSide::submit(std::unique_ptr<vrrp::Command> command) {
  if (!thread_) return false;
  thread_->submit(std::move(command));
  return true;
}

}  // namespace lbd
