#include "kube/object_cutter.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "kube/splitter.h"

namespace virtlens::kube {
namespace {

constexpr std::size_t kMaxKeyBytes = 256;
// A buffer that one giant item made larger than this is given back.
constexpr std::size_t kKeptCapacity = 1024 * 1024;

tl::unexpected<Error> Malformed(std::string_view expected) {
  return Fail(Code::kDecode, "malformed JSON: expected " + std::string(expected));
}

}  // namespace

void PaddedBuffer::Clear() {
  size_ = 0;
  if (capacity_ > kKeptCapacity) {
    bytes_.reset();
    capacity_ = 0;
  }
}

void PaddedBuffer::Append(std::string_view bytes) {
  if (size_ + bytes.size() > capacity_) Grow(size_ + bytes.size());
  std::memcpy(bytes_.get() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
  std::memset(bytes_.get() + size_, 0, kItemPadding);
}

void PaddedBuffer::Grow(std::size_t needed) {
  const std::size_t capacity = std::max({needed, 2 * capacity_, std::size_t{8 * 1024}});
  auto grown = std::make_unique<char[]>(capacity + kItemPadding);
  if (size_ > 0) std::memcpy(grown.get(), bytes_.get(), size_);
  bytes_ = std::move(grown);
  capacity_ = capacity;
}

void ObjectCutter::Reset() {
  state_ = State::kStart;
  small_.clear();
  item_.Clear();
}

Result<std::size_t> ObjectCutter::Feed(std::string_view bytes) {
  std::size_t used = 0;
  while (used < bytes.size() && state_ != State::kDone) {
    if (state_ == State::kKey || state_ == State::kValue || state_ == State::kElement) {
      VIRTLENS_TRY(const std::size_t scanned, Scan(bytes.substr(used)));
      used += scanned;
      continue;
    }
    if (!IsJsonSpace(bytes[used])) {
      VIRTLENS_CHECK(Step(bytes[used]));
      // A value's first byte is scanned with the rest of it.
      if (state_ == State::kKey || state_ == State::kValue || state_ == State::kElement) continue;
    }
    ++used;
  }
  return used;
}

// One byte of the envelope that is not white space.
Result<void> ObjectCutter::Step(char c) {
  switch (state_) {
    case State::kStart:
      if (c != '{') return Malformed("an object");
      state_ = State::kKeyOrEnd;
      return {};
    case State::kKeyOrEnd:
    case State::kKeyStart:
      if (c == '}' && state_ == State::kKeyOrEnd) {
        state_ = State::kDone;
        return {};
      }
      if (c != '"') return Malformed("a member name");
      key_too_long_ = false;
      small_.clear();
      BeginScan(State::kKey, c);
      return {};
    case State::kColon:
      if (c != ':') return Malformed("':' after a member name");
      state_ = State::kValueStart;
      return {};
    case State::kValueStart:
      return StartValue(c);
    case State::kMemberEnd:
      if (c != ',' && c != '}') return Malformed("',' or '}' after a member");
      state_ = c == ',' ? State::kKeyStart : State::kDone;
      return {};
    case State::kElementOrEnd:
    case State::kElementStart:
      return StartElement(c);
    case State::kElementEnd:
      if (c != ',' && c != ']') return Malformed("',' or ']' after an item");
      state_ = c == ',' ? State::kElementStart : State::kMemberEnd;
      return {};
    case State::kKey:
    case State::kValue:
    case State::kElement:
    case State::kDone:
      break;
  }
  return Fail(Code::kInternal, "object cutter: byte in a scanning state");
}

void ObjectCutter::BeginScan(State state, char first) {
  state_ = state;
  scanner_.Begin(first);
}

Result<void> ObjectCutter::StartValue(char c) {
  if (c == ',' || c == '}' || c == ']' || c == ':') return Malformed("a value");
  if (use_ == MemberUse::kElements && c == '[') {
    state_ = State::kElementOrEnd;
    return {};
  }
  // "items": null is how Go writes an empty slice; FinishValue checks the word.
  if (use_ == MemberUse::kElements && c != 'n') return Malformed("an array of items");
  small_.clear();
  if (use_ == MemberUse::kItem) item_.Clear();
  BeginScan(State::kValue, c);
  return {};
}

Result<void> ObjectCutter::StartElement(char c) {
  if (c == ']' && state_ == State::kElementOrEnd) {
    state_ = State::kMemberEnd;
    return {};
  }
  if (c != '{') return Malformed("an object in the list of items");
  item_.Clear();
  BeginScan(State::kElement, c);
  return {};
}

Result<std::size_t> ObjectCutter::Scan(std::string_view bytes) {
  const std::size_t size = scanner_.Scan(bytes);
  VIRTLENS_CHECK(Keep(bytes.substr(0, size)));
  if (!scanner_.done()) return size;
  if (state_ == State::kKey) {
    VIRTLENS_CHECK(FinishKey());
  } else if (state_ == State::kValue) {
    VIRTLENS_CHECK(FinishValue());
  } else {
    handler_.OnElement(item_.View());
    state_ = State::kElementEnd;
  }
  return size;
}

Result<void> ObjectCutter::Keep(std::string_view bytes) {
  if (state_ == State::kKey) {
    key_too_long_ = key_too_long_ || small_.size() + bytes.size() > kMaxKeyBytes;
    if (!key_too_long_) small_ += bytes;
    return {};
  }
  if (state_ == State::kElement || use_ == MemberUse::kItem) {
    if (item_.size() + bytes.size() > max_item_bytes_) {
      return Fail(Code::kDecode,
                  "an object is larger than " + std::to_string(max_item_bytes_) + " bytes");
    }
    item_.Append(bytes);
    return {};
  }
  if (use_ == MemberUse::kSkip) return {};
  if (small_.size() + bytes.size() > kMaxSmallBytes) {
    return Fail(Code::kDecode, "a field of the envelope is larger than 64 KiB");
  }
  small_ += bytes;
  return {};
}

Result<void> ObjectCutter::FinishKey() {
  state_ = State::kColon;
  use_ = MemberUse::kSkip;
  if (key_too_long_) return {};
  std::string_view key(small_);
  key = key.substr(1, key.size() - 2);
  if (key.find('\\') == std::string_view::npos) {
    VIRTLENS_TRY(use_, handler_.OnKey(key));
    return {};
  }
  const auto parsed = nlohmann::json::parse(small_, nullptr, false);
  if (!parsed.is_string()) return Malformed("a member name");
  VIRTLENS_TRY(use_, handler_.OnKey(parsed.get_ref<const std::string&>()));
  return {};
}

Result<void> ObjectCutter::FinishValue() {
  state_ = State::kMemberEnd;
  switch (use_) {
    case MemberUse::kSkip:
      return {};
    case MemberUse::kSmall:
      return handler_.OnMember(small_);
    case MemberUse::kItem:
      return handler_.OnMember(item_.View());
    case MemberUse::kElements:
      if (small_ != "null") return Malformed("an array of items");
      return {};
  }
  return {};
}

}  // namespace virtlens::kube
