#include "exporter/decode/json_reader.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/text.h"
#include "base/time.h"
#include "kube/quantity.h"
#include "kube/splitter.h"

namespace virtlens::exporter::json {
namespace {

static_assert(kube::kItemPadding >= simdjson::SIMDJSON_PADDING);

// Repair can triple a text: one bad byte becomes the three of U+FFFD.
constexpr std::size_t kMaxParsedBytes = 3 * kube::kMaxItemBytes;
// Objects above this are rare; their buffers are not kept.
constexpr std::size_t kKeptBytes = 1024 * 1024;
constexpr std::size_t kMaxKeyInPath = 100;

// At most `limit` bytes, cut between two characters.
std::string_view Clip(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0U) == 0x80U) --limit;
  return text.substr(0, limit);
}

// The code unit of "\uXXXX" at `at`; nullopt: no such escape there.
std::optional<unsigned> UnicodeEscape(std::string_view json, std::size_t at) {
  if (at + 6 > json.size() || json[at] != '\\' || json[at + 1] != 'u') return std::nullopt;
  unsigned unit = 0;
  for (std::size_t i = at + 2; i < at + 6; ++i) {
    const char c = json[i];
    unsigned digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<unsigned>(c - 'a') + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = static_cast<unsigned>(c - 'A') + 10;
    } else {
      return std::nullopt;
    }
    unit = unit * 16 + digit;
  }
  return unit;
}

bool IsHighSurrogate(unsigned unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool IsLowSurrogate(unsigned unit) { return unit >= 0xDC00 && unit < 0xE000; }

// Replaces each \uXXXX that is half of a surrogate pair by \ufffd; how many there were.
std::size_t RepairEscapes(std::string& json) {
  std::size_t replaced = 0;
  for (std::size_t at = json.find('\\'); at != std::string::npos; at = json.find('\\', at)) {
    const auto unit = UnicodeEscape(json, at);
    if (!unit) {
      at += 2;  // also over the second of two backslashes
      continue;
    }
    const auto next = UnicodeEscape(json, at + 6);
    if (IsHighSurrogate(*unit) && next && IsLowSurrogate(*next)) {
      at += 12;
      continue;
    }
    if (IsHighSurrogate(*unit) || IsLowSurrogate(*unit)) {
      json.replace(at + 2, 4, "fffd");
      ++replaced;
    }
    at += 6;
  }
  return replaced;
}

}  // namespace

void Failure::Set(std::string message, Damage damage) {
  if (failed_) return;
  failed_ = true;
  damage_ = damage;
  message_ = std::move(message);
}

std::optional<std::string_view> PlainText(const char* begin, const char* end) {
  if (begin >= end) return std::nullopt;
  const auto find = [begin](char c, std::size_t size) {
    return static_cast<const char*>(std::memchr(begin, c, size));
  };
  const char* const quote = find('"', static_cast<std::size_t>(end - begin));
  if (quote == nullptr) return std::nullopt;
  const auto size = static_cast<std::size_t>(quote - begin);
  if (find('\\', size) != nullptr) return std::nullopt;
  return std::string_view(begin, size);
}

simdjson::ondemand::json_type Node::Type() {
  simdjson::ondemand::json_type type{};
  if (value_.type().get(type) != simdjson::SUCCESS) {
    FailType("a value");
    return simdjson::ondemand::json_type::null;
  }
  return type;
}

std::string Node::Path() const {
  if (parent_ == nullptr) return "";
  std::string path = parent_->Path();
  if (name_.data() == nullptr) return path + "[" + std::to_string(index_) + "]";
  if (!path.empty()) path += '.';
  return path.append(Clip(name_, kMaxKeyInPath));
}

void Node::FailType(std::string_view expected) {
  std::string path = Path();
  if (!path.empty()) path += ": ";
  failure_.Set(path.append("expected ").append(expected));
}

void Node::FailSyntax(simdjson::error_code error) {
  std::string path = Path();
  if (!path.empty()) path += ": ";
  failure_.Set(path.append("not JSON: ").append(simdjson::error_message(error)),
               error == simdjson::STRING_ERROR ? Failure::Damage::kEscape : Failure::Damage::kNone);
}

bool Node::TextIsSound(std::string_view text) {
  // simdjson has checked the bytes, but lets "\udc00" through as the bytes ED B0 80.
  for (std::size_t at = text.find('\xED'); at != std::string_view::npos;
       at = text.find('\xED', at + 1)) {
    if (at + 1 >= text.size() || static_cast<unsigned char>(text[at + 1]) < 0xA0) continue;
    FailSyntax(simdjson::STRING_ERROR);
    return false;
  }
  return true;
}

std::optional<std::string_view> Node::Text() {
  if (failure_.failed() || IsNull()) return std::nullopt;
  const std::string_view token = value_.raw_json_token();
  if (token.empty() || token.front() != '"') {
    FailType("a string");
    return std::nullopt;
  }
  // The value stays unread then; its parent steps over it.
  if (const auto plain = PlainText(token.data() + 1, token.data() + token.size())) {
    return Clip(*plain, kMaxTextBytes);
  }
  std::string_view text;
  const auto error = value_.get_string().get(text);
  if (error != simdjson::SUCCESS) {
    FailSyntax(error);
    return std::nullopt;
  }
  if (!TextIsSound(text)) return std::nullopt;
  return Clip(text, kMaxTextBytes);
}

std::optional<double> Node::Number() {
  if (failure_.failed() || IsNull()) return std::nullopt;
  double number = 0;
  if (value_.get_double().get(number) == simdjson::SUCCESS) return number;
  FailType("a number");
  return std::nullopt;
}

Shape Node::Shape() {
  switch (Type()) {
    case simdjson::ondemand::json_type::null:
      return Shape::kNull;
    case simdjson::ondemand::json_type::object:
      return Shape::kObject;
    case simdjson::ondemand::json_type::array:
      return Shape::kList;
    default:
      return Shape::kScalar;
  }
}

std::optional<std::string_view> Node::Scalar() {
  using simdjson::ondemand::json_type;
  if (failure_.failed()) return std::nullopt;
  const json_type type = Type();
  if (type == json_type::string) return Text();
  std::string_view token = value_.raw_json_token();
  token = token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
  bool flag = false;
  double number = 0;
  // Reading proves that the token is what it seems to be.
  if (type == json_type::boolean && value_.get_bool().get(flag) == simdjson::SUCCESS) return token;
  if (type == json_type::number && value_.get_double().get(number) == simdjson::SUCCESS) {
    return Clip(token, kMaxTextBytes);
  }
  return std::nullopt;
}

void Node::Read(std::string& to) {
  if (const auto text = Text()) to.assign(*text);
}

void Node::Read(Symbol& to) {
  if (const auto text = Text()) to = Symbol(*text);
}

void Node::Read(bool& to) {
  if (failure_.failed() || IsNull()) return;
  bool flag = false;
  if (value_.get_bool().get(flag) != simdjson::SUCCESS) return FailType("true or false");
  to = flag;
}

void Node::Read(int& to) {
  constexpr double kLow = std::numeric_limits<int>::min();
  constexpr double kHigh = std::numeric_limits<int>::max();
  if (const auto number = Number()) to = static_cast<int>(std::clamp(*number, kLow, kHigh));
}

void Node::ReadTime(Micros& to) {
  const auto text = Text();
  if (!text) return;
  const auto time = ParseRfc3339(*text);
  to = time
           ? std::chrono::duration_cast<std::chrono::microseconds>(time->time_since_epoch()).count()
           : 0;
}

void Node::ReadQuantity(double& to) {
  if (failure_.failed()) return;
  std::optional<double> quantity;
  switch (Type()) {
    case simdjson::ondemand::json_type::null:
      return;
    case simdjson::ondemand::json_type::string:
      if (const auto text = Text()) quantity = kube::ParseQuantity(*text);
      break;
    case simdjson::ondemand::json_type::number:
      quantity = Number();
      break;
    default:
      return FailType("a quantity");
  }
  to = quantity && std::isfinite(*quantity) && *quantity > 0 ? *quantity : 0;
}

Parser::Parser() : parser_(kMaxParsedBytes) {}

bool Parser::Start(std::string_view object, simdjson::ondemand::document& document,
                   Failure& failure) {
  if (object.size() > kMaxParsedBytes) {
    failure.Set("larger than " + std::to_string(kMaxParsedBytes) + " bytes");
    return false;
  }
  const simdjson::padded_string_view padded(object.data(), object.size(),
                                            object.size() + simdjson::SIMDJSON_PADDING);
  const auto error = parser_.iterate(padded).get(document);
  if (error == simdjson::SUCCESS) return true;
  failure.Set(std::string("not JSON: ") + simdjson::error_message(error),
              error == simdjson::UTF8_ERROR ? Failure::Damage::kUtf8 : Failure::Damage::kNone);
  return false;
}

bool Parser::Finish(simdjson::ondemand::document& document, Failure& failure) {
  const char* rest = nullptr;
  if (document.current_location().get(rest) == simdjson::OUT_OF_BOUNDS) return true;
  failure.Set("not JSON: bytes after the object");
  return false;
}

bool Parser::Repair(const Failure& failure, std::string_view& object) {
  std::size_t replaced = 0;
  switch (failure.damage()) {
    case Failure::Damage::kNone:
      return false;
    case Failure::Damage::kUtf8:
      repaired_text_ = RepairUtf8(object, &replaced);
      break;
    case Failure::Damage::kEscape:
      repaired_text_.assign(std::string(object));
      replaced = RepairEscapes(repaired_text_);
      break;
  }
  repaired_ += replaced;
  if (replaced == 0) return false;
  const std::size_t size = repaired_text_.size();
  repaired_text_.append(simdjson::SIMDJSON_PADDING, ' ');
  object = std::string_view(repaired_text_).substr(0, size);
  return true;
}

void Parser::Shrink(std::size_t object_size) {
  if (repaired_text_.capacity() > kKeptBytes) repaired_text_ = std::string();
  if (object_size > kKeptBytes) parser_ = simdjson::ondemand::parser(kMaxParsedBytes);
}

}  // namespace virtlens::exporter::json
