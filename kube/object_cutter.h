// Walks the members of one JSON object while its bytes arrive: what ListSplitter and WatchSplitter
// share. Private to kube/.
//
// The handler says for each key what to do with the value: skip it, hand it over whole, or hand
// over the elements of an array one by one. Memory: the value in hand.
//
// Thread contract: one thread per instance.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kube/json_scan.h"

namespace virtlens::kube {

// Bytes with kItemPadding zero bytes behind them.
class PaddedBuffer {
 public:
  void Clear();
  void Append(std::string_view bytes);
  std::size_t size() const { return size_; }
  // Valid until the next Clear or Append.
  std::string_view View() const { return {bytes_.get(), size_}; }

 private:
  void Grow(std::size_t needed);

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;  // without padding
};

enum class MemberUse {
  kSkip,
  kSmall,     // OnMember with the whole value, at most kMaxSmallBytes
  kItem,      // the same, up to max_item_bytes; the view lives until the next item or Reset
  kElements,  // an array of objects (or null): OnElement for each
};

class ObjectCutterHandler {
 public:
  virtual ~ObjectCutterHandler() = default;
  // `key` is unescaped; keys longer than any that matters are not reported and their values
  // skipped.
  virtual Result<MemberUse> OnKey(std::string_view key) = 0;
  virtual Result<void> OnMember(std::string_view value) = 0;
  virtual void OnElement(std::string_view element) = 0;
};

class ObjectCutter {
 public:
  static constexpr std::size_t kMaxSmallBytes = 64 * 1024;

  ObjectCutter(ObjectCutterHandler& handler, std::size_t max_item_bytes)
      : handler_(handler), max_item_bytes_(max_item_bytes) {}

  // Takes bytes up to the end of the object and returns how many it took. kDecode: not an object,
  // a value over its limit.
  Result<std::size_t> Feed(std::string_view bytes);
  bool started() const { return state_ != State::kStart; }
  bool complete() const { return state_ == State::kDone; }
  // Ready for the next object.
  void Reset();

 private:
  enum class State {
    kStart,
    kKeyOrEnd,
    kKeyStart,
    kKey,
    kColon,
    kValueStart,
    kValue,
    kMemberEnd,
    kElementOrEnd,
    kElementStart,
    kElement,
    kElementEnd,
    kDone,
  };

  Result<void> Step(char c);
  Result<void> StartValue(char c);
  Result<void> StartElement(char c);
  Result<void> FinishKey();
  Result<void> FinishValue();
  Result<void> Keep(std::string_view bytes);
  Result<std::size_t> Scan(std::string_view bytes);
  void BeginScan(State state, char first);

  ObjectCutterHandler& handler_;
  const std::size_t max_item_bytes_;
  State state_ = State::kStart;
  MemberUse use_ = MemberUse::kSkip;
  ValueScanner scanner_;
  bool key_too_long_ = false;
  std::string small_;  // the key, or a kSmall value
  PaddedBuffer item_;
};

}  // namespace virtlens::kube
