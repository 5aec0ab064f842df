// SPDX-License-Identifier: Apache-2.0
#include "control/health/tls_contexts.h"

#include <sys/stat.h>

namespace lbd::health {

TlsContexts::Stamp TlsContexts::stamp_of(const std::string& path) {
  struct stat status {};
  if (path.empty() || ::stat(path.c_str(), &status) != 0) return {};
  return {status.st_ino, status.st_size,
          int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

Result<std::shared_ptr<TlsContext>> TlsContexts::get(bool verify, const std::string& ca_file) {
  Entry& entry = entries_[{verify, ca_file}];
  const Stamp stamp = stamp_of(ca_file);
  if (stamp == entry.stamp)
    if (auto known = entry.context.lock()) return known;
  auto made = TlsContext::make(verify, ca_file);
  if (made) entry = {stamp, made.value()};
  return made;
}

}  // namespace lbd::health
