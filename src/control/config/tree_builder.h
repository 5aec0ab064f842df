// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>

#include <string>
#include <unordered_map>
#include <vector>

#include "control/config/document.h"

namespace lbd::config {

/// Turns yaml-cpp's events into a Document. Refuses by throwing Refusal, which must be caught
/// around the parser.
class TreeBuilder : public YAML::EventHandler {
 public:
  struct Refusal {
    YAML::Mark mark;
    std::string message;
    std::string remedy;
  };

  explicit TreeBuilder(Document& document) : document_(document) {}

  void OnDocumentStart(const YAML::Mark& mark) override;
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override;
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override;
  void OnMapEnd() override { close(); }

 private:
  /// A list or map whose end has not been seen yet.
  struct Open {
    Node* node;
    YAML::anchor_t anchor;
    size_t started_at;          // nodes_ when it was opened
    const Node* key = nullptr;  // of a map: the key whose value comes next
  };
  struct Anchored {
    const Node* node;
    size_t size;  // nodes that it stands for
  };

  Node& make(const YAML::Mark& mark, Node::Kind kind);
  void count(const YAML::Mark& mark, size_t nodes);
  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind);
  void close();
  /// Hangs a finished node under the innermost open one.
  void attach(const Node& node);
  /// Refuses what cannot be a map's key where one is due.
  void check_key(const YAML::Mark& mark) const;
  void remember(YAML::anchor_t anchor, const Node& node, size_t size);

  Document& document_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, Anchored> anchors_;
  size_t nodes_ = 0;  // aliases counted in full
};

}  // namespace lbd::config
