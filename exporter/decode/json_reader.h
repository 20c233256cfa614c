// Reading one JSON object front to back with simdjson on demand: each object's fields are visited
// once, in the order in which they stand, and the visitor picks what it knows.
//
// Rules: null reads as missing. A value of the wrong type fails the whole object with a path
// ("status.phase: expected a string"); after a failure every further visit does nothing, so that
// visitors need no error handling of their own. A key that stands twice: the last scalar and the
// last list win, objects merge (as Go's decoder does). Text is always well-formed UTF-8.
//
// Limits: kMaxListItems elements of a list, kMaxTextBytes bytes of a string; the rest is cut off.
//
// Thread contract: one thread per Parser. A Node and the views it gives live until the visit of the
// root ends. A node's value may be read once.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "exporter/rows/rows.h"

namespace virtlens::exporter::json {

inline constexpr std::size_t kMaxListItems = 1000;
inline constexpr std::size_t kMaxTextBytes = 10000;

// What went wrong while one object was read.
class Failure {
 public:
  // Damage of the text that can be repaired, after which reading starts again.
  enum class Damage { kNone, kUtf8, kEscape };

  bool failed() const { return failed_; }
  Damage damage() const { return damage_; }
  Error error() const { return {Code::kDecode, message_}; }
  void Set(std::string message, Damage damage = Damage::kNone);

 private:
  bool failed_ = false;
  Damage damage_ = Damage::kNone;
  std::string message_;
};

// The text that starts at `begin`, after its opening quote, when nothing in it is escaped: a view
// of the document, which is several times faster than simdjson's unescaping copy. nullopt: escaped.
std::optional<std::string_view> PlainText(const char* begin, const char* end);

enum class Shape { kNull, kScalar, kObject, kList };

// A value and the place where it stands.
class Node {
 public:
  Node(Failure& failure, const Node* parent, std::string_view name, simdjson::ondemand::value value)
      : failure_(failure), parent_(parent), name_(name), value_(value) {}
  Node(Failure& failure, const Node* parent, std::size_t index, simdjson::ondemand::value value)
      : failure_(failure), parent_(parent), index_(index), value_(value) {}
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // The key under which the value stands; "" for an element of a list.
  std::string_view name() const { return name_; }
  bool IsNull() { return Type() == simdjson::ondemand::json_type::null; }
  json::Shape Shape();

  // visit(Node& field) for each field of an object.
  template <class Visit>
  void EachField(Visit&& visit);
  // visit(Node& item) for each element of a list that is not null.
  template <class Visit>
  void EachItem(Visit&& visit);
  // visit(Node& item, T& element) fills `list`, which is emptied first.
  template <class T, class Visit>
  void List(std::vector<T>& list, Visit&& visit);

  // nullopt: null, or a failure that is on record.
  std::optional<std::string_view> Text();
  std::optional<double> Number();
  // A text, or a number, true or false as it is written; nullopt for all else, which is no failure.
  std::optional<std::string_view> Scalar();

  // Each leaves `to` alone when the value is null.
  void Read(std::string& to);
  void Read(Symbol& to);
  void Read(bool& to);
  void Read(int& to);
  template <class Set>
  void Read(OneOf<Set>& to);
  void ReadTime(Micros& to);      // RFC 3339; 0 when it is not
  void ReadQuantity(double& to);  // "2Gi" or a number; 0 when it is neither or negative

 private:
  simdjson::ondemand::json_type Type();
  void FailType(std::string_view expected);
  void FailSyntax(simdjson::error_code error);
  std::string Path() const;
  // Fails when an escape made something that is no Unicode text.
  bool TextIsSound(std::string_view text);

  Failure& failure_;
  const Node* parent_ = nullptr;
  std::string_view name_;
  std::size_t index_ = 0;
  simdjson::ondemand::value value_;
};

template <class Visit>
void Node::EachField(Visit&& visit) {
  if (failure_.failed() || IsNull()) return;
  simdjson::ondemand::object object;
  if (value_.get_object().get(object) != simdjson::SUCCESS) return FailType("an object");
  for (auto field : object) {
    if (field.error() != simdjson::SUCCESS) return FailSyntax(field.error());
    simdjson::ondemand::value value;
    if (const auto error = field.value().get(value)) return FailSyntax(error);
    simdjson::ondemand::raw_json_string raw_key;
    if (const auto error = field.key().get(raw_key)) return FailSyntax(error);
    std::string_view key;
    if (const auto plain = PlainText(raw_key.raw(), value.raw_json_token().data())) {
      key = *plain;
    } else {
      if (const auto error = field.unescaped_key().get(key)) return FailSyntax(error);
      if (!TextIsSound(key)) return;
    }
    Node node(failure_, this, key, value);
    visit(node);
    if (failure_.failed()) return;
  }
}

template <class Visit>
void Node::EachItem(Visit&& visit) {
  if (failure_.failed() || IsNull()) return;
  simdjson::ondemand::array array;
  if (value_.get_array().get(array) != simdjson::SUCCESS) return FailType("a list");
  std::size_t index = 0;
  for (auto item : array) {
    simdjson::ondemand::value value;
    if (const auto error = item.get(value)) return FailSyntax(error);
    if (index == kMaxListItems) continue;
    Node node(failure_, this, index++, value);
    if (!node.IsNull()) visit(node);
    if (failure_.failed()) return;
  }
}

template <class T, class Visit>
void Node::List(std::vector<T>& list, Visit&& visit) {
  if (failure_.failed() || IsNull()) return;
  list.clear();
  EachItem([&](Node& item) { visit(item, list.emplace_back()); });
}

template <class Set>
void Node::Read(OneOf<Set>& to) {
  if (const auto text = Text()) to = OneOf<Set>::From(*text);
}

// The buffers of simdjson, and the text repair around it.
class Parser {
 public:
  Parser();

  // A row that visit(Node& root, Row& row) filled. `object` as in decode.h.
  template <class Row, class Visit>
  Result<Row> Read(std::string_view object, Visit&& visit);

  // Ill-formed sequences and lone surrogate escapes replaced so far.
  std::size_t repaired() const { return repaired_; }

 private:
  // False: `failure` says why.
  bool Start(std::string_view object, simdjson::ondemand::document& document, Failure& failure);
  bool Finish(simdjson::ondemand::document& document, Failure& failure);
  // True when `failure` was such that `object` now leads to repaired text.
  bool Repair(const Failure& failure, std::string_view& object);
  // Gives back the buffers that an unusually large object needed.
  void Shrink(std::size_t object_size);

  simdjson::ondemand::parser parser_;
  std::string repaired_text_;
  std::size_t repaired_ = 0;
};

template <class Row, class Visit>
Result<Row> Parser::Read(std::string_view object, Visit&& visit) {
  const std::size_t size = object.size();
  for (;;) {
    Row row;
    Failure failure;
    simdjson::ondemand::document document;
    simdjson::ondemand::value value;
    if (Start(object, document, failure)) {
      if (document.get_value().get(value) != simdjson::SUCCESS) {
        failure.Set("expected an object");
      } else {
        Node root(failure, nullptr, std::string_view(), value);
        visit(root, row);
      }
    }
    if (!failure.failed()) Finish(document, failure);
    if (failure.failed() && Repair(failure, object)) continue;
    Shrink(size);
    if (failure.failed()) return Fail(failure.error());
    return row;
  }
}

}  // namespace virtlens::exporter::json
