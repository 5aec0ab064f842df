// SPDX-License-Identifier: Apache-2.0
#include "control/state_file.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "common/result.h"

namespace lbd {
namespace {

namespace fs = std::filesystem;
using Json = StateFile::Json;

constexpr const char* kVersionKey = "lbd_state";
/// 1,000,000 servers need some 100 MB.
constexpr uintmax_t kLargest = 256u << 20;

Result<Json> read(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return Json(Json::object());
  if (!fs::is_regular_file(path, error)) return Error{"is no file"};
  if (fs::file_size(path, error) > kLargest || error) return Error{"is larger than 256 MiB"};
  std::ifstream file(path);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) return Error{"cannot be read: " + std::string(std::strerror(errno))};
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return Error{"is no JSON, or cut short"};
  const auto version = json.is_object() ? json.find(kVersionKey) : json.end();
  if (version == json.end() || !version->is_number_integer())
    return Error{"is no state of lbd: it has no \"lbd_state\""};
  if (version->get<int64_t>() != StateFile::kVersion)
    return Error{"is of version " + version->dump() + ", this lbd knows version " +
                 std::to_string(StateFile::kVersion)};
  json.erase(kVersionKey);
  return json;
}

Error failed(const char* what) {
  return Error{std::string(what) + ": " + std::strerror(errno)};
}

Status write_all(int fd, const std::string& text) {
  for (size_t done = 0; done < text.size();) {
    const ssize_t n = ::write(fd, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("write");
    done += static_cast<size_t>(n);
  }
  if (::fsync(fd) != 0) return failed("fsync");
  return Done{};
}

/// The name is only as durable as its directory.
void sync_directory(const std::string& path) {
  const std::string directory = fs::path(path).parent_path().string();
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

Status replace(const std::string& path, const std::string& text) {
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  const std::string fresh = path + ".new";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (fd < 0) return failed("open");
  const Status written = write_all(fd, text);
  ::close(fd);
  if (!written) {
    ::unlink(fresh.c_str());
    return written;
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) return failed("rename");
  sync_directory(path);
  return Done{};
}

void replace_or_warn(const std::string& path, const std::string& text) {
  if (const Status done = replace(path, text); !done)
    spdlog::error(
        "lbd.state_file: {}: cannot be written, {}; what it should hold is lost if lbd "
        "ends before it can",
        path, done.error().message);
}

}  // namespace

StateFile::StateFile(boost::asio::io_context& io, std::string path)
    : timer_(io), path_(std::move(path)) {
  if (!on()) return;
  auto found = read(path_);
  if (found) {
    found_ = std::move(found).value();
    return;
  }
  std::error_code error;
  fs::rename(path_, path_ + ".bad", error);
  spdlog::warn("lbd.state_file: {} {}; starting without it{}", path_, found.error().message,
               error ? "" : ", it is kept as " + path_ + ".bad");
}

StateFile::~StateFile() {
  close();
}

Json StateFile::section(const std::string& name) const {
  const auto found = found_.find(name);
  return found == found_.end() ? Json() : *found;
}

void StateFile::provide(const std::string& name, std::function<Json()> make) {
  providers_[name] = std::move(make);
}

void StateFile::changed() {
  if (!on() || due_ || closed_) return;
  due_ = true;
  timer_.expires_after(kDelay);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && due_ && !closed_) write();
  });
}

std::string StateFile::text() const {
  Json json{{kVersionKey, kVersion}};
  for (const auto& [name, value] : found_.items())
    if (!providers_.contains(name)) json[name] = value;
  for (const auto& [name, make] : providers_) json[name] = make();
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

void StateFile::write() {
  due_ = false;
  boost::asio::post(writer_, [path = path_, text = text()] { replace_or_warn(path, text); });
}

void StateFile::close() {
  if (closed_) return;
  if (due_) write();
  closed_ = true;
  timer_.cancel();
  writer_.join();
}

}  // namespace lbd
