// SPDX-License-Identifier: Apache-2.0
#include "control/config/tree_builder.h"

namespace lbd::config {
namespace {

// yaml-cpp's tags of what has none in the text: plain and quoted.
constexpr const char* kPlainTag = "?";
constexpr const char* kQuotedTag = "!";

void check_tag(const YAML::Mark& mark, const std::string& tag) {
  if (tag.empty() || tag == kPlainTag || tag == kQuotedTag) return;
  throw TreeBuilder::Refusal{mark, "the tag " + quote(tag) + " has no meaning here", "take it out"};
}

}  // namespace

void TreeBuilder::OnDocumentStart(const YAML::Mark& mark) {
  if (document_.root != nullptr)
    throw Refusal{mark, "the file holds several YAML documents", "take the line \"---\" out"};
}

void TreeBuilder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  check_key(mark);
  const Node& node = make(mark, Node::Kind::kNull);
  remember(anchor, node, 1);
  attach(node);
}

void TreeBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  check_key(mark);
  const auto found = anchors_.find(anchor);
  if (found == anchors_.end())
    throw Refusal{mark, "an alias within what it stands for", "write the value out"};
  count(mark, found->second.size);
  attach(*found->second.node);
}

void TreeBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                           const std::string& value) {
  check_tag(mark, tag);
  Node& node = make(mark, Node::Kind::kScalar);
  node.quoted = tag == kQuotedTag;
  node.text = value;
  remember(anchor, node, 1);
  attach(node);
}

void TreeBuilder::OnSequenceStart(const YAML::Mark& mark, const std::string& tag,
                                  YAML::anchor_t anchor, YAML::EmitterStyle::value) {
  open(mark, tag, anchor, Node::Kind::kList);
}

void TreeBuilder::OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                             YAML::EmitterStyle::value) {
  open(mark, tag, anchor, Node::Kind::kMap);
}

void TreeBuilder::open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       Node::Kind kind) {
  check_tag(mark, tag);
  check_key(mark);
  if (open_.size() == kMaxDepth)
    throw Refusal{mark, "nested deeper than " + std::to_string(kMaxDepth) + " levels", ""};
  const size_t started_at = nodes_;
  open_.push_back({&make(mark, kind), anchor, started_at});
}

void TreeBuilder::close() {
  const Open done = open_.back();
  open_.pop_back();
  remember(done.anchor, *done.node, nodes_ - done.started_at);
  attach(*done.node);
}

Node& TreeBuilder::make(const YAML::Mark& mark, Node::Kind kind) {
  count(mark, 1);
  Node& node = document_.nodes.emplace_back();
  node.kind = kind;
  node.line = mark.line + 1;
  node.column = mark.column + 1;
  return node;
}

void TreeBuilder::count(const YAML::Mark& mark, size_t nodes) {
  nodes_ += nodes;
  if (nodes_ > kMaxNodes)
    throw Refusal{mark, "more than " + std::to_string(kMaxNodes) + " values in one file",
                  "split it, or use fewer aliases"};
}

void TreeBuilder::attach(const Node& node) {
  if (open_.empty()) {
    document_.root = &node;
    return;
  }
  Open& parent = open_.back();
  if (parent.node->kind == Node::Kind::kList) {
    parent.node->items.push_back(&node);
  } else if (parent.key == nullptr) {
    parent.key = &node;
  } else {
    parent.node->entries.push_back({parent.key, &node});
    parent.key = nullptr;
  }
}

void TreeBuilder::check_key(const YAML::Mark& mark) const {
  if (open_.empty()) return;
  const Open& parent = open_.back();
  if (parent.node->kind == Node::Kind::kMap && parent.key == nullptr)
    throw Refusal{mark, "a key that is not plain text", "write \"key: value\""};
}

void TreeBuilder::remember(YAML::anchor_t anchor, const Node& node, size_t size) {
  if (anchor != 0) anchors_[anchor] = {&node, size};
}

}  // namespace lbd::config
