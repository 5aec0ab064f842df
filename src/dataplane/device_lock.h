// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/result.h"

namespace lbd {

/// Where lbd keeps what outlives a kill -9: locks (released by the kernel, the file is empty) and
/// the state of interfaces that it changed.
inline constexpr const char* kRunDirectory = "/run/lbd";

/// Holds a device against a second lbd, by flock(2): the kernel lets go when the process ends,
/// however it ends. Two network namespaces may have an interface of the same name, so `name` must
/// tell them apart.
class DeviceLock {
 public:
  /// The error tells the holder's process id; `what` names the device in it.
  static Result<DeviceLock> take(const std::string& name, const std::string& what);

  DeviceLock() = default;
  DeviceLock(DeviceLock&& other) noexcept;
  DeviceLock& operator=(DeviceLock&& other) noexcept;
  /// Removes the file.
  ~DeviceLock();

 private:
  DeviceLock(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  int fd_ = -1;
  std::string path_;
};

}  // namespace lbd
