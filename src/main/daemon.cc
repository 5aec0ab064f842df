// SPDX-License-Identifier: Apache-2.0
#include "main/daemon.h"

#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <chrono>
#include <memory>
#include <utility>

#include "control/api/listener.h"
#include "control/api/verbs.h"
#include "control/controller.h"
#include "control/kernel_side.h"
#include "control/options.h"
#include "dataplane/dataplane.h"

namespace lbd {

std::atomic<bool> stop_asked{false};
std::atomic<bool> reload_asked{false};

namespace {

using std::chrono::steady_clock;

/// Everything that runs, in the order in which it starts; it ends in another (see stop()).
class Daemon {
 public:
  Daemon(std::string path, config::Config config)
      : path_(std::move(path)), config_(std::move(config)) {}
  ~Daemon() { stop(); }

  Status start();
  Status loop();

 private:
  void wait_signal();
  void on_reload_signal();
  void ready(const Status& status);
  /// Clients first, then VRRP while it can still be heard, then the workers, then what they read,
  /// then the memory it lies in.
  void stop();

  const steady_clock::time_point begun_ = steady_clock::now();
  const std::string path_;
  config::Config config_;
  Status outcome_ = Done{};
  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_{io_};  // to the end: a late signal must not kill
  std::unique_ptr<Dataplane> dataplane_;
  std::unique_ptr<KernelSide> kernel_;
  std::unique_ptr<Controller> controller_;
  std::unique_ptr<api::Listener> listener_;
};

/// Thousands of health checks at once are as many sockets.
void raise_file_limit() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

Status Daemon::start() {
  raise_file_limit();
  if (::geteuid() != 0)
    return Error{"lbd must be started as root: it opens network devices and makes TAPs"};
  auto listener = api::Listener::claim(io_, config_.daemon.socket);
  if (!listener) return listener.error();
  listener_ = std::move(listener).value();
  if (stop_asked) return Done{};

  auto dataplane = Dataplane::start(dataplane_options(config_), stop_asked);
  if (!dataplane) return dataplane.error();
  dataplane_ = std::move(dataplane).value();
  for (const std::string& note : dataplane_->notes()) spdlog::info("{}", note);
  if (stop_asked) return Done{};

  auto kernel = KernelSide::start(io_, *dataplane_);
  if (!kernel) return kernel.error();
  kernel_ = std::move(kernel).value();
  return Done{};
}

Status Daemon::loop() {
  controller_ = std::make_unique<Controller>(io_, path_, config_, *dataplane_, *kernel_);
  controller_->start([this](const Status& status) { ready(status); });
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) signals_.add(signal);
  wait_signal();
  // What came before has set a flag; what comes from now on wakes the loop.
  if (stop_asked) return Done{};
  if (reload_asked) on_reload_signal();
  io_.run();
  return outcome_;
}

void Daemon::wait_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    if (signal == SIGHUP) {
      on_reload_signal();
      return wait_signal();
    }
    spdlog::info("{}: stopping", signal == SIGTERM ? "SIGTERM" : "SIGINT");
    io_.stop();
  });
}

void Daemon::on_reload_signal() {
  spdlog::info("SIGHUP: reading {} again", path_);
  controller_->reload(false, [](const Result<ReloadReport>&) {});
}

void Daemon::ready(const Status& status) {
  if (!status) {
    outcome_ = status;
    return io_.stop();
  }
  listener_->serve(api::make_handler(*controller_), controller_->events());
  const std::chrono::duration<double> took = steady_clock::now() - begun_;
  spdlog::info("lbd is ready: {} services, {} ports, {} workers, in {:.2f} s",
               config_.services.size(), config_.ports.size(), dataplane_->workers(), took.count());
}

void Daemon::stop() {
  listener_.reset();
  if (controller_) controller_->stop_vrrp();
  if (dataplane_) dataplane_->stop_workers();
  controller_.reset();
  kernel_.reset();
  dataplane_.reset();
}

void on_signal(int signal) {
  (signal == SIGHUP ? reload_asked : stop_asked) = true;
}

}  // namespace

void take_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaction(signal, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

Status run_daemon(const std::string& config_path, config::Config config) {
  Daemon daemon(config_path, std::move(config));
  Status status = daemon.start();
  if (status && !stop_asked) status = daemon.loop();
  // Who told it to stop while it started does not want to hear what it could not finish.
  if (stop_asked) return Done{};
  return status;
}

}  // namespace lbd
