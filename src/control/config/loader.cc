// SPDX-License-Identifier: Apache-2.0
#include "control/config/loader.h"

#include <optional>

#include "control/config/checks.h"
#include "control/config/map_reader.h"
#include "control/config/sections.h"
#include "control/config/source.h"

namespace lbd::config {
namespace {

/// Reads the sections of one file after the other into one draft.
class Assembler {
 public:
  explicit Assembler(const std::string& root_file) {
    draft.daemon_at.file = root_file;
    draft.dataplane.place.file = root_file;
    draft.dataplane.worker_cores = {kDefaultWorkerCore};
  }

  void read(const Value& root) {
    MapReader top(root);
    top.get("include");  // followed while the files were read
    if (const auto section = once(top, "lbd", draft.daemon_at))
      draft.daemon = read_daemon(*section);
    if (const auto section = once(top, "dataplane", draft.dataplane.place))
      draft.dataplane = read_dataplane(*section);
    if (const auto section = top.get("ports")) read_ports(*section);
    if (const auto section = top.get("routes"))
      for (const Value& item : section->list())
        if (auto route = read_route(item)) draft.routes.push_back(std::move(*route));
    if (const auto section = top.get("vrrp")) read_vrrp(*section, draft.vrrp);
    if (const auto section = top.get("services"))
      for (const Value& item : section->list()) draft.services.push_back(read_service(item));
    top.finish();
  }

  bool has_ports() const { return has_ports_; }

  Draft draft;

 private:
  /// A section that only one file may hold. `first`: where it was found, line 0 until then.
  static std::optional<Value> once(MapReader& top, std::string_view key, Place& first) {
    const auto section = top.get(key);
    if (!section) return std::nullopt;
    if (first.line != 0) {
      section->error("a second one, the first is at " + first.to_string(), "keep it in one file");
      return std::nullopt;
    }
    first = section->place();
    return section;
  }

  void read_ports(const Value& section) {
    has_ports_ = true;
    const std::vector<Value> items = section.list();
    if (section.node().kind == Node::Kind::kList && items.empty())
      section.error("no port", "describe at least one");
    for (const Value& item : items) draft.ports.push_back(read_port(item));
  }

  bool has_ports_ = false;
};

Config to_config(Draft draft, const Source& source) {
  Config config;
  config.daemon = std::move(draft.daemon);
  if (config.daemon.name.empty()) config.daemon.name = host_name();
  config.daemon_place = std::move(draft.daemon_at);
  config.dataplane = std::move(draft.dataplane);
  for (PortDraft& port : draft.ports) config.ports.push_back(std::move(port.port));
  for (RouteDraft& route : draft.routes) config.routes.push_back(std::move(route.route));
  for (VrrpInstanceDraft& instance : draft.vrrp.instances)
    config.vrrp.instances.push_back(std::move(instance.instance));
  config.vrrp.scripts = std::move(draft.vrrp.scripts);
  for (VrrpGroupDraft& group : draft.vrrp.groups)
    config.vrrp.sync_groups.push_back(std::move(group.group));
  for (ServiceDraft& service : draft.services)
    config.services.push_back(std::move(service.service));
  config.files = source.files();
  config.hash = source.hash();
  return config;
}

LoadResult assemble(const Source& source, ErrorLog& errors) {
  Assembler assembler(source.files().front());
  Draft& draft = assembler.draft;
  for (const Document& document : source.documents())
    assembler.read(Value(document, *document.root, {}, errors));
  // A file that could not be read may hold what would seem to be missing.
  const bool all_read = source.documents().size() == source.files().size();
  if (all_read && !assembler.has_ports() &&
      source.documents().front().root->kind == Node::Kind::kMap) {
    const Document& root = source.documents().front();
    Value(root, *root.root, "ports", errors).error("is missing", "describe at least one port");
  }
  if (all_read) {
    check_ports(draft);
    check_routes(draft);
    check_services(draft);
    check_vrrp(draft);
  }
  if (!errors.empty()) return LoadResult(errors.take(source.files()));
  return LoadResult(to_config(std::move(draft), source));
}

}  // namespace

LoadResult load_file(const std::string& path) {
  ErrorLog errors;
  Source source(errors);
  source.read_file(path);
  return assemble(source, errors);
}

LoadResult load_text(const std::string& text, const std::string& name) {
  ErrorLog errors;
  Source source(errors);
  source.read_text(text, name);
  return assemble(source, errors);
}

}  // namespace lbd::config
