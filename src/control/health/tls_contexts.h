// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "common/result.h"
#include "control/health/channel.h"

namespace lbd::health {

/// TLS contexts of all checks: one for each file of certificates, since loading the system's takes
/// 20 ms. A file that has changed is read again when it is next asked for.
class TlsContexts {
 public:
  /// As TlsContext::make().
  Result<std::shared_ptr<TlsContext>> get(bool verify, const std::string& ca_file);

 private:
  /// What tells one content of a file from another.
  struct Stamp {
    uint64_t inode = 0;
    int64_t size = 0;
    int64_t changed_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  struct Entry {
    Stamp stamp;
    std::weak_ptr<TlsContext> context;
  };
  static Stamp stamp_of(const std::string& path);

  std::map<std::pair<bool, std::string>, Entry> entries_;
};

}  // namespace lbd::health
