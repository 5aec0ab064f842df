// SPDX-License-Identifier: Apache-2.0
#include "control/statistics.h"

namespace lbd {

Traffic& Traffic::operator+=(const Traffic& other) {
  connections += other.connections;
  packets_in += other.packets_in;
  packets_out += other.packets_out;
  bytes_in += other.bytes_in;
  bytes_out += other.bytes_out;
  active += other.active;
  inactive += other.inactive;
  return *this;
}

Traffic Statistics::read(ServerId server) const {
  Traffic sum;
  for (unsigned worker = 0; worker < dataplane_.workers(); ++worker) {
    const ServerCounters& of = dataplane_.server_counters(static_cast<WorkerIndex>(worker))[server];
    sum += {of.connections.get(), of.packets_in.get(), of.packets_out.get(), of.bytes_in.get(),
            of.bytes_out.get(),   of.active.get(),     of.inactive.get()};
  }
  return sum;
}

Traffic Statistics::of(const VirtualService& service) const {
  Traffic sum;
  if (const auto found = retired_.find(service.id); found != retired_.end()) sum = found->second;
  for (const RealServer& server : service.servers) sum += read(server.id);
  return sum;
}

void Statistics::retire(ServiceId service, ServerId server) {
  Traffic had = read(server);
  had.active = had.inactive = 0;
  retired_[service] += had;
  for (unsigned worker = 0; worker < dataplane_.workers(); ++worker) {
    ServerCounters& of = dataplane_.server_counters(static_cast<WorkerIndex>(worker))[server];
    for (Counter* counter : {&of.connections, &of.packets_in, &of.packets_out, &of.bytes_in,
                             &of.bytes_out, &of.active, &of.inactive})
      counter->sub(counter->get());
  }
}

void Statistics::forget_released(const DesiredState& state) {
  std::erase_if(retired_, [&state](const auto& entry) {
    return entry.first >= state.services.size() || !state.services[entry.first];
  });
}

}  // namespace lbd
