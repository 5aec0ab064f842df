// SPDX-License-Identifier: Apache-2.0
#include "control/controller.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "common/log.h"
#include "control/config/difference.h"
#include "control/config/loader.h"
#include "control/override_state.h"

namespace lbd {
namespace {

constexpr std::chrono::milliseconds kTick{5};
/// While a worker has something to answer.
constexpr std::chrono::milliseconds kShortTick{1};
constexpr std::chrono::milliseconds kSlowTick{100};
constexpr std::chrono::milliseconds kSample{1000};
/// What instances say last is given so long to leave.
constexpr std::chrono::milliseconds kFlush{100};
/// And the notify commands of the stop so long to run.
constexpr std::chrono::milliseconds kFarewell{2000};

/// Of a reload's changes, so that a new file of 100,000 servers does not hold up the loop.
constexpr size_t kLoggedChanges = 200;

using MaybeState = std::optional<DesiredState>;

/// What a reload found out on the builder thread.
struct Reading {
  Clock::time_point begun;
  Clock::time_point parsed;
  std::shared_ptr<const config::Config> config;
  std::vector<std::string> changes;
};

Status read_again(const std::string& path, const config::Config& running, Reading& out) {
  out.begun = Clock::now();
  config::LoadResult loaded = config::load_file(path);
  out.parsed = Clock::now();
  std::vector<config::ConfigError> errors;
  if (!loaded) {
    errors = loaded.errors();
  } else {
    auto next = std::make_shared<const config::Config>(std::move(loaded).config());
    errors = config::unchangeable(running, *next);
    out.changes = config::difference(running, *next);
    out.config = std::move(next);
  }
  if (errors.empty()) return Done{};
  std::string text = config::describe(errors);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return Error{std::move(text)};
}

ReloadReport report_of(const Reading& reading, Clock::time_point published, uint64_t generation) {
  const auto between = [](Clock::time_point from, Clock::time_point to) {
    return std::chrono::duration_cast<std::chrono::microseconds>(to - from);
  };
  // Nothing was, where nothing changed.
  return {generation, reading.changes, between(reading.begun, reading.parsed),
          between(reading.parsed, std::max(reading.parsed, published))};
}

void log_changes(const std::string& path, const ReloadReport& report) {
  const std::vector<std::string>& changes = report.changes;
  const auto in_ms = [](std::chrono::microseconds time) {
    return static_cast<double>(time.count()) / 1'000;
  };
  spdlog::info(
      "reloaded {}: {} changes, generation {}; read in {:.1f} ms, published {:.1f} ms later", path,
      changes.size(), report.generation, in_ms(report.read), in_ms(report.publish));
  const size_t shown = std::min(changes.size(), kLoggedChanges);
  for (size_t i = 0; i < shown; ++i) spdlog::info("  {}", changes[i]);
  if (shown < changes.size())
    spdlog::info("  and {} more, as lbctl reload would have shown", changes.size() - shown);
}

/// Of a server that both know: whether its exact counts are kept, or its thresholds.
bool counts_change(const Snapshot& before, const Snapshot& now) {
  const auto both = static_cast<std::ptrdiff_t>(std::min(before.exact.size(), now.exact.size()));
  return !std::equal(now.exact.begin(), now.exact.begin() + both, before.exact.begin()) ||
         !std::equal(now.thresholds.begin(), now.thresholds.begin() + both,
                     before.thresholds.begin());
}

}  // namespace

Controller::Controller(boost::asio::io_context& io, std::string config_path, config::Config config,
                       Dataplane& dataplane, KernelSide& kernel)
    : config_path_(std::move(config_path)),
      config_(std::make_shared<const config::Config>(std::move(config))),
      dataplane_(dataplane),
      kernel_(kernel),
      mailbox_(dataplane),
      statistics_(dataplane),
      busy_(dataplane),
      commands_(io),
      state_file_(io, config_->daemon.state_file),
      io_(io),
      timer_(io),
      vrrp_(std::make_unique<VrrpSide>(
          io, VrrpSide::Parts{dataplane, commands_, events_, state_file_})),
      purger_({dataplane, updater_, mailbox_, statistics_,
               [this](NextHopId id) { kernel_.mirror().release_next_hop(id); }}),
      reset_probes_(dataplane, mailbox_),
      health_({io, updater_, events_, state_file_,
               [this](const std::string& service) { return holds(service); }}),
      updater_(io, dataplane.publisher(), dataplane.workers(), hooks()) {
  state_file_.provide("overrides", [this] { return overrides_to_json(kept_overrides_, {}); });
}

Controller::~Controller() {
  state_file_.close();
  kernel_.on_addresses_changed([] {});
}

Updater::Hooks Controller::hooks() {
  return {[this](DesiredState& state) { return prepare(state); },
          [this] { return kernel_.own_addresses(); },
          [this](const Snapshot& before) { published(before); }};
}

std::chrono::seconds Controller::uptime() const {
  return std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - started_);
}

std::map<OverrideKey, Override> Controller::found_overrides() const {
  std::vector<std::string> complaints;
  auto found = overrides_from_json(state_file_.section("overrides"), {}, complaints);
  for (const std::string& complaint : complaints)
    spdlog::warn("lbd.state_file: {}: {}", config_->daemon.state_file, complaint);
  if (!found.empty())
    spdlog::info("{} overrides of weights are in force again, from {}", found.size(),
                 config_->daemon.state_file);
  return found;
}

void Controller::start(std::function<void(const Status&)> ready) {
  kept_overrides_ = found_overrides();
  updater_.submit(
      [this, memory = health_.memory()](DesiredState present) -> Result<MaybeState> {
        present.overrides = kept_overrides_;
        present.memory = memory;
        Result<DesiredState> state = apply_services(present, config_->services, Clock::now());
        if (!state) return state.error();
        if (const Status applied = apply_virtual_addresses(*state, config_->vrrp); !applied)
          return applied.error();
        state->memory = nullptr;
        return MaybeState(std::move(state).value());
      },
      [this, ready = std::move(ready)](const Status& status) {
        if (status) {
          adopt(config_);
          kernel_.on_addresses_changed([this] { updater_.refresh(); });
          updater_.refresh();
          tick();
        }
        ready(status);
      });
}

Status Controller::prepare(DesiredState& state) {
  const auto slots = static_cast<uint32_t>(state.owner.size());
  for (unsigned worker = 0; worker < dataplane_.workers(); ++worker) {
    if (!dataplane_.server_counters(static_cast<WorkerIndex>(worker)).grow(slots))
      return Error{"services: too many real servers; name fewer"};
  }
  return kernel_.fill_next_hops(state);
}

void Controller::published(const Snapshot& before) {
  const Snapshot& now = *dataplane_.publisher().current();
  if (counts_change(before, now)) mailbox_.post_all(WorkerRequest::Kind::kSyncExact, [] {});
  reset_probes_.published(before, now);
  if (state().overrides != kept_overrides_) {
    kept_overrides_ = state().overrides;
    state_file_.changed();
  }
  health_.published();
  vrrp_->services_changed(now);
  // Before an id is given to another service.
  statistics_.forget_released(state());
  // A removed service takes its addresses along when its last connection is gone.
  if (const size_t services = state().order.size(); services < services_in_kernel_) {
    apply_to_kernel(nullptr);
    services_in_kernel_ = services;
  }
}

/// A service that is not there yet will be asked about again.
bool Controller::holds(const std::string& service) const {
  const VirtualService* known = state().find(service);
  return known != nullptr && is_held(state(), dataplane_.held_flags(), *known);
}

/// What of a new file is in force once its services are.
void Controller::adopt(std::shared_ptr<const config::Config> config) {
  if (config->daemon.log_level != config_->daemon.log_level)
    log::set_level(config::to_text(config->daemon.log_level));
  if (config->daemon.log_format != config_->daemon.log_format)
    log::set_json(config->daemon.log_format == config::LogFormat::kJson);
  const std::shared_ptr<const config::Config> before = std::exchange(config_, std::move(config));
  // An address changes hands in the kernel by three steps: control lets go of what an instance is
  // to own, instances of what is not theirs any more, control takes the rest.
  apply_to_kernel(&before->vrrp);
  services_in_kernel_ = state().order.size();
  health_.adopt(config_);
  vrrp_->apply(config_, state().virtual_addresses, [this] { apply_to_kernel(nullptr); });
}

/// `before`: instances that may still have their addresses.
void Controller::apply_to_kernel(const config::Vrrp* before) {
  std::set<IpAddress> owned;
  for (const config::Vrrp* vrrp : {before, &config_->vrrp})
    if (vrrp != nullptr)
      for (const config::VrrpInstance& instance : vrrp->instances)
        for (const config::VrrpAddress& address : instance.addresses)
          owned.insert(address.prefix.address);
  kernel_.apply(*config_, state(), owned);
}

void Controller::stop_vrrp() {
  vrrp_->stop();
  kernel_.flush(kFlush);
  // The loop has ended; notify commands of the stop need it once more.
  io_.restart();
  const auto end = Clock::now() + kFarewell;
  while (vrrp_->pending_commands() != 0 && Clock::now() < end)
    io_.run_one_for(std::chrono::milliseconds(50));
}

void Controller::reload(bool dry_run, std::function<void(const Result<ReloadReport>&)> done) {
  auto reading = std::make_shared<Reading>();
  updater_.submit(
      [this, dry_run, reading](const DesiredState& present) -> Result<MaybeState> {
        if (const Status read = read_again(config_path_, *config_, *reading); !read)
          return read.error();
        if (dry_run || reading->changes.empty()) return MaybeState();
        Result<DesiredState> state =
            apply_services(present, reading->config->services, Clock::now(), &config_->services);
        if (!state) return state.error();
        if (const Status applied = apply_virtual_addresses(*state, reading->config->vrrp); !applied)
          return applied.error();
        return MaybeState(std::move(state).value());
      },
      [this, dry_run, reading, done = std::move(done)](const Status& status) {
        if (!status) {
          spdlog::error("reload refused, nothing changed:\n{}", status.error().message);
          return done(status.error());
        }
        const ReloadReport report = report_of(*reading, updater_.published_at(), generation());
        if (!dry_run) {
          adopt(reading->config);
          log_changes(config_path_, report);
        }
        done(report);
      });
}

void Controller::tick() {
  kernel_.poll_requests();
  mailbox_.poll();
  dataplane_.publisher().collect();
  if (const auto now = Clock::now(); now >= slow_tick_at_) {
    slow_tick_at_ = now + kSlowTick;
    slow_tick(now);
  }
  timer_.expires_after(mailbox_.empty() ? kTick : kShortTick);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) tick();
  });
}

void Controller::slow_tick(Clock::time_point now) {
  kernel_.tick();
  purger_.tick(now);
  if (!expiring_ && has_expired_overrides(state(), now)) {
    expiring_ = true;
    updater_.submit(
        [now](const DesiredState& present) -> Result<MaybeState> {
          return MaybeState(expire_overrides(present, now));
        },
        [this](const Status&) {
          spdlog::info("the time of an override of a weight is over");
          expiring_ = false;
        });
  }
  if (now >= sample_at_) {
    sample_at_ = now + kSample;
    busy_.sample();
  }
}

}  // namespace lbd
