// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "vrrp/kernel_writer.h"
#include "vrrp/router.h"
#include "vrrp/thread.h"

namespace lbd::vrrp {

/// What runs on the VRRP thread: the router, its sockets and its clock.
class Engine : public Output {
 public:
  static Result<std::unique_ptr<Engine>> open(Thread& thread, std::vector<WorkerWatch> workers,
                                              std::vector<PortWatch> ports);
  ~Engine() override;
  void run();

  bool send(const Instance& instance, uint8_t priority) override;
  void take(const Instance& instance) override;
  void drop(const Instance& instance) override;
  void announce(const Instance& instance, const VirtualAddress& address) override;
  void changed(const Instance& instance, State before, const std::string& reason) override;
  void note(const Instance& instance, const std::string& text) override;

 private:
  Engine(Thread& thread, std::vector<WorkerWatch> workers, std::vector<PortWatch> ports);
  /// What an instance has in the kernel, as far as it was asked for.
  struct Put {
    std::vector<VirtualAddress> addresses;
    std::vector<VirtualRoute> routes;
    std::optional<VirtualMac> mac = {};
  };
  using RouterKey = std::pair<std::string, unsigned>;  // interface, family << 8 | vrid
  static RouterKey key_of(const Instance& instance);

  void wait();
  void read_commands();
  void run_command(std::unique_ptr<Command> command);
  void apply(Command& command);
  void report(Command& command) const;
  void read_links();
  void receive(Link& link, const Received& received);
  void read_finished_jobs();
  void watch_links();
  void watch_dataplane(Time now);
  void put(const Instance& instance, const Put& wanted);
  bool send_frame(int ifindex, const std::vector<uint8_t>& frame) const;
  Link* link(int ifindex, Family family) const;
  void watch(int fd);

  Thread& thread_;
  Router router_;
  Watchdog watchdog_;
  std::string dataplane_fault_;
  Time next_check_{0};
  std::vector<std::shared_ptr<Link>> links_;
  std::map<RouterKey, Put> put_;
  std::map<uint64_t, RouterKey> taking_;                       // by job tag
  std::map<uint64_t, std::unique_ptr<Command>> fenced_;        // by job tag
  std::set<std::pair<std::string, std::string>> link_tracks_;  // name, interface
  uint64_t next_tag_ = 1;
  uint64_t unknown_vrid_ = 0;
  bool real_time_ = false;
  int epoll_ = -1;
  int jobs_done_ = -1;
  int link_events_ = -1;
  int packet_ = -1;   // AF_PACKET, for announcements
  int control_ = -1;  // for interface ioctls
  std::unique_ptr<KernelWriter> writer_;
};

}  // namespace lbd::vrrp
