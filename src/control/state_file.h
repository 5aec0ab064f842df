// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace lbd {

/// What outlives a restart (`lbd.state_file`): one JSON document in sections, each of which belongs
/// to one part of lbd.
///   {"lbd_state": 1, "overrides": [...], "health": [...], ...}
/// It is written as a whole, beside the old one, and renamed: a reader finds the old or the new. It
/// is written a moment after a change, so that many changes cost one writing, by a thread of its
/// own, because disks may be slow. A file that cannot be used is put aside as FILE.bad with a
/// warning: lbd starts without it. Sections that nobody provides are kept as they were.
class StateFile {
 public:
  using Json = nlohmann::ordered_json;
  static constexpr int kVersion = 1;
  /// After the first change that has not been written.
  static constexpr std::chrono::milliseconds kDelay{1000};

  /// Reads the file. An empty path: nothing is read and nothing written.
  StateFile(boost::asio::io_context& io, std::string path);
  /// Writes what has not been written; call close() while the providers still live.
  ~StateFile();
  StateFile(const StateFile&) = delete;
  StateFile& operator=(const StateFile&) = delete;

  bool on() const { return !path_.empty(); }
  /// A section as it was found at the start; null where there was none.
  Json section(const std::string& name) const;
  /// Who makes a section whenever the file is written. On the thread of the event loop.
  void provide(const std::string& name, std::function<Json()> make);
  /// Something that a provider would tell has changed.
  void changed();
  /// Writes once more if anything has changed, waits for it, and writes no more.
  void close();

 private:
  void write();
  std::string text() const;

  boost::asio::steady_timer timer_;
  const std::string path_;
  Json found_ = Json::object();
  std::map<std::string, std::function<Json()>> providers_;
  bool due_ = false;
  bool closed_ = false;
  boost::asio::thread_pool writer_{1};
};

}  // namespace lbd
