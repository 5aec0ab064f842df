// SPDX-License-Identifier: Apache-2.0
#include "cli/import/import_ipvs.h"

#include <algorithm>
#include <map>
#include <set>

#include "cli/import/import_ports.h"
#include "cli/import/ipvs_rules.h"
#include "cli/import/mark_rules.h"
#include "common/address.h"

namespace lbd::cli {
namespace {

struct Listen {
  std::string address;  // or prefix
  std::string port;
};

std::string endpoint(const std::string& address, const std::string& port) {
  const std::string host = address.find(':') == address.npos ? address : "[" + address + "]";
  return "\"" + host + ":" + port + "\"";
}

std::string plain(const std::string& address) {
  return address.find(':') == address.npos ? address : "\"" + address + "\"";
}

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ", ") + part;
  return out;
}

/// Writes the services; remembers which servers must be on a link.
class Writer {
 public:
  Writer(std::vector<MarkRule>& marks, bool marks_given, Remarks& remarks)
      : marks_(marks), marks_given_(marks_given), remarks_(remarks) {}

  void service(const IpvsService& service) {
    std::map<std::string, std::vector<Listen>> by_protocol;
    if (service.mark == 0)
      by_protocol[service.protocol] = {{service.address, std::to_string(service.port)}};
    else
      by_protocol = marked(service);
    for (const auto& [protocol, listens] : by_protocol) write(service, protocol, listens);
  }

  std::string text;
  std::set<std::string> on_link;  // what dr and nat must reach without a router

 private:
  std::map<std::string, std::vector<Listen>> marked(const IpvsService& service) {
    std::map<std::string, std::vector<Listen>> out;
    for (MarkRule& rule : marks_) {
      const bool ipv6 = rule.destination.find(':') != std::string::npos;
      if (rule.mark != service.mark || ipv6 != service.ipv6) continue;
      rule.used = true;
      for (const std::string& protocol : rule.protocols)
        for (const std::string& port : rule.ports)
          out[protocol].push_back({rule.destination, port});
    }
    if (!out.empty()) return out;
    remarks_.error(service.line,
                   "mark " + std::to_string(service.mark) + ": no rule sets it" +
                       (marks_given_ ? "" : "; name the rules by --iptables-save FILE"));
    return {{"tcp", {}}};
  }

  std::string name(const IpvsService& service, const std::string& protocol) {
    std::string name = service.mark == 0
                           ? protocol + "-" + service.address + "-" + std::to_string(service.port)
                           : "fwmark-" + std::to_string(service.mark) +
                                 (protocol == "tcp" ? "" : "-" + protocol) +
                                 (service.ipv6 ? "-ipv6" : "");
    if (!names_.insert(name).second)
      remarks_.error(service.line, name + " is there already; IPVS has each service once");
    return name.find(':') == name.npos ? name : "\"" + name + "\"";
  }

  void write(const IpvsService& service, const std::string& protocol,
             const std::vector<Listen>& listens) {
    std::vector<std::string> places;
    for (const Listen& listen : listens) places.push_back(endpoint(listen.address, listen.port));
    const std::string forwarding =
        service.servers.empty() ? "dr" : service.servers.front().forwarding;
    text += "  - name: " + name(service, protocol) + "\n    listen: [" + joined(places) + "]\n";
    if (protocol != "tcp") text += "    protocol: " + protocol + "\n";
    text += "    forwarding: " + forwarding + "\n    scheduler: " + service.scheduler + "\n";
    write_options(service, listens.size());
    if (service.servers.empty()) remarks_.warning(service.line, "the service has no server");
    text += service.servers.empty() ? "    real_servers: []\n" : "    real_servers:\n";
    for (const IpvsServer& server : service.servers) write(server, service, forwarding, listens);
  }

  void write_options(const IpvsService& service, size_t listens) {
    if (!service.flags.empty()) text += "    scheduler_flags: [" + joined(service.flags) + "]\n";
    const bool replies =
        std::any_of(service.servers.begin(), service.servers.end(),
                    [](const IpvsServer& server) { return server.forwarding == "nat"; });
    if (service.one_packet && replies && listens != 1)
      remarks_.warning(service.line,
                       "-o is left out: by nat it needs a service of one address and port");
    else if (service.one_packet)
      text += "    one_packet: true\n";
    if (!service.persistence) return;
    text += "    persistence: {timeout: " + std::to_string(*service.persistence) + "s";
    if (service.granularity != 0)
      text += std::string(service.ipv6 ? ", prefix6: " : ", prefix4: ") +
              std::to_string(service.granularity);
    text += "}\n";
  }

  /// dr and tun keep the client's port: the server's is written only where it is that of the
  /// listen.
  bool keeps_port(const IpvsServer& server, const std::vector<Listen>& listens) const {
    if (server.port == 0 || server.forwarding == "nat") return server.port != 0;
    return std::all_of(listens.begin(), listens.end(), [&](const Listen& listen) {
      return listen.port == std::to_string(server.port);
    });
  }

  void write(const IpvsServer& server, const IpvsService& service, const std::string& forwarding,
             const std::vector<Listen>& listens) {
    text += "      - {address: " + (keeps_port(server, listens)
                                        ? endpoint(server.address, std::to_string(server.port))
                                        : plain(server.address));
    text += ", weight: " + std::to_string(server.weight);
    if (server.forwarding != forwarding) text += ", forwarding: " + server.forwarding;
    if (!server.tunnel.empty()) {
      text += ", tunnel: {type: " + server.tunnel;
      if (server.tunnel_port != 0) text += ", port: " + std::to_string(server.tunnel_port);
      text += "}";
    }
    if (server.max_connections != 0)
      text += ", max_connections: " + std::to_string(server.max_connections);
    if (server.min_connections != 0)
      text += ", min_connections: " + std::to_string(server.min_connections);
    text += "}\n";
    if (server.forwarding != "tun") on_link.insert(server.address);
    const bool ipv6 = server.address.find(':') != std::string::npos;
    if (ipv6 != service.ipv6 && server.forwarding != "tun")
      remarks_.error(service.line, server.address + " is of another family; only tun can do that");
  }

  std::vector<MarkRule>& marks_;
  const bool marks_given_;
  Remarks& remarks_;
  std::set<std::string> names_;
};

}  // namespace

Imported import_ipvs(const ImportOptions& options) {
  Remarks remarks;
  std::vector<MarkRule> marks;
  for (const Text& file : options.marks) {
    remarks.file(file.name);
    for (MarkRule& rule : read_mark_rules(file.text, file.name, remarks))
      marks.push_back(std::move(rule));
  }
  remarks.file(options.rules.name);
  const auto services = read_ipvs_rules(options.rules.text, remarks);
  Writer writer(marks, !options.marks.empty(), remarks);
  for (const IpvsService& service : services) writer.service(service);
  if (services.empty()) remarks.error(0, "no service in it; give the output of ipvsadm -Sn");
  const std::string ports = import_ports(options, writer.on_link, remarks);
  for (const MarkRule& rule : marks) {
    remarks.file(rule.file);
    if (!rule.used)
      remarks.warning(rule.line, "mark " + std::to_string(rule.mark) + " is used by no service");
  }
  std::string yaml = "# Made from " + options.rules.name + " by lbctl import-ipvs.\n\n" + ports;
  if (!services.empty()) yaml += "\nservices:\n" + writer.text;
  return {std::move(yaml), remarks.lines(), !remarks.failed()};
}

}  // namespace lbd::cli
