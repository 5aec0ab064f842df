// SPDX-License-Identifier: Apache-2.0
#include "dataplane/request_handler.h"

#include <algorithm>
#include <utility>

namespace lbd {
namespace {

constexpr unsigned kConnectionsPerStep = 64;
constexpr unsigned kServersPerStep = 256;

}  // namespace

void RequestHandler::step() {
  bool finished = true;
  switch (request_->kind) {
    case WorkerRequest::Kind::kDumpConnections:
      finished = dump();
      break;
    case WorkerRequest::Kind::kPurge:
      finished = purge();
      break;
    case WorkerRequest::Kind::kProbeClients:
      finished = probe_clients();
      break;
    case WorkerRequest::Kind::kSyncExact:
      finished = sync_exact();
      break;
  }
  if (!finished) return;
  // From the store on the request is control's again.
  std::exchange(request_, nullptr)->done.store(true, std::memory_order_release);
}

bool RequestHandler::matches(const Connection& connection) const {
  const ConnectionFilter& filter = request_->filter;
  if (filter.service && connection.service != *filter.service) return false;
  if (filter.server && connection.server != *filter.server) return false;
  if (filter.state && connection.state != *filter.state) return false;
  if (!filter.client && !filter.client_port) return true;
  const Endpoint client = connection.key.source();
  return (!filter.client || client.address == *filter.client) &&
         (!filter.client_port || client.port == *filter.client_port);
}

ConnectionRow RequestHandler::row(const Connection& connection) const {
  const Endpoint client = connection.key.source();
  const Endpoint destination = connection.key.destination();
  ConnectionRow out;
  out.protocol = connection.key.protocol();
  out.client = client.address;
  out.client_port = client.port;
  out.virtual_address = destination.address;
  out.virtual_port = destination.port;
  if (connection.forwarding == Forwarding::kFullnat) out.local = connection.reply.destination();
  out.service = connection.service;
  out.server = connection.server;
  out.state = connection.state;
  out.expires_ms = connections_.expires_ms(connection);
  out.worker = context_.index;
  return out;
}

bool RequestHandler::dump() {
  const ConnectionTable& table = connections_.table();
  auto& rows = request_->rows;
  for (unsigned i = 0; i < kConnectionsPerStep; ++i) {
    if (rows.size() == rows.capacity()) return true;
    const uint32_t id = table.next_used(request_->cursor);
    request_->cursor = id == kNoConnection ? kNoId : id + 1;
    if (id == kNoConnection) return true;
    if (matches(table.at(id))) rows.push_back(row(table.at(id)));  // within capacity: no heap
  }
  return false;
}

bool RequestHandler::purge() {
  ConnectionTable& table = connections_.table();
  for (unsigned i = 0; i < kConnectionsPerStep; ++i) {
    const uint32_t id = table.next_used(request_->cursor);
    if (id == kNoConnection) {
      request_->cursor = kNoId;
      return true;
    }
    request_->cursor = id + 1;
    if (!context_.snapshot->purged[table.at(id).server]) continue;
    connections_.close(id);
    context_.count(Event::kConnectionPurged);
  }
  return false;
}

bool RequestHandler::probe_clients() {
  const ConnectionTable& table = connections_.table();
  for (unsigned i = 0; i < kConnectionsPerStep; ++i) {
    const uint32_t id = table.next_used(request_->cursor);
    request_->cursor = id == kNoConnection ? kNoId : id + 1;
    if (id == kNoConnection) return true;
    pipeline_.probe_client(table.at(id));
  }
  return false;
}

bool RequestHandler::sync_exact() {
  const auto servers = static_cast<ServerId>(context_.snapshot->exact.size());
  const ServerId end = std::min(server_ + kServersPerStep, servers);
  for (; server_ < end; ++server_) connections_.judge(server_);
  return server_ == servers;
}

}  // namespace lbd
