// SPDX-License-Identifier: Apache-2.0
#include "dataplane/eal_log.h"

#include <dlfcn.h>
#include <rte_log.h>

#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <string_view>

#include "common/log.h"

namespace lbd {
namespace {

std::mutex mutex;
std::string first_error;
std::string pending;  // a line that DPDK has not ended yet

void take_line(std::string_view line, bool is_error) {
  while (!line.empty() && (line.back() == ' ' || line.back() == '\n')) line.remove_suffix(1);
  if (line.empty()) return;
  spdlog::debug("dpdk: {}", line);
  if (is_error && first_error.empty()) first_error = line;
}

void take_text(std::string_view text, bool is_error) {
  const std::lock_guard lock(mutex);
  pending += text;
  for (size_t end; (end = pending.find('\n')) != std::string::npos; pending.erase(0, end + 1))
    take_line(std::string_view(pending).substr(0, end), is_error);
}

ssize_t write_log(void*, const char* data, size_t size) {
  take_text({data, size}, rte_log_cur_msg_loglevel() <= static_cast<int>(RTE_LOG_ERR));
  return static_cast<ssize_t>(size);
}

/// libbpf's and libxdp's print function. Level 0 is a warning, their most severe one; 2, debug, is
/// hundreds of lines a device.
int print_bpf(int level, const char* format, va_list arguments) {
  if (level >= 2) return 0;
  char line[512];
  const int length = vsnprintf(line, sizeof(line), format, arguments);
  if (length > 0) take_text(line, level == 0);
  return length;
}

/// The af_xdp driver is a plugin and brings these libraries with it; lbd is not linked to them.
void redirect_bpf_library(const char* library, const char* setter) {
  void* handle = dlopen(library, RTLD_LAZY);
  if (handle == nullptr) return;
  using Print = int (*)(int, const char*, va_list);
  if (auto set = reinterpret_cast<Print (*)(Print)>(dlsym(handle, setter))) set(print_bpf);
}

}  // namespace

void redirect_eal_log() {
  static FILE* stream = nullptr;
  if (stream != nullptr) return;
  cookie_io_functions_t functions{};
  functions.write = write_log;
  stream = fopencookie(nullptr, "w", functions);
  if (stream == nullptr) return;
  setvbuf(stream, nullptr, _IOLBF, BUFSIZ);
  rte_openlog_stream(stream);
  redirect_bpf_library("libbpf.so.1", "libbpf_set_print");
  redirect_bpf_library("libxdp.so.1", "libxdp_set_print");
}

void clear_eal_errors() {
  const std::lock_guard lock(mutex);
  first_error.clear();
}

std::string eal_cause() {
  const std::lock_guard lock(mutex);
  return first_error.empty() ? "" : " (" + first_error + ")";
}

}  // namespace lbd
