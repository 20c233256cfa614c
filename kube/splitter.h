// Cuts a List body into its items, and a watch body into its events, while the bytes arrive.
//
// Memory: one item at a time (limited by max_item_bytes) plus a few small fields of the envelope;
// never the list. The cutter is aware of strings and depth and accepts any field order and any
// white space. It does not validate what is inside an item: the item's decoder does.
//
// Thread contract: one thread per instance. Views handed to callbacks live until they return, and
// have kItemPadding readable bytes after their end (what simdjson needs).
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace virtlens::kube {

inline constexpr std::size_t kItemPadding = 64;
inline constexpr std::size_t kMaxItemBytes = 8 * 1024 * 1024;  // etcd refuses above 1.5 MiB

// What stands in a list beside its items.
struct ListEnvelope {
  std::string resource_version;
  std::string continue_token;
  std::string kind;  // "VirtualMachineList", or "Status" when the server answers an error
  std::string api_version;
};

class ListSplitter {
 public:
  using OnItem = std::function<void(std::string_view item)>;
  explicit ListSplitter(OnItem on_item, std::size_t max_item_bytes = kMaxItemBytes);
  ~ListSplitter();
  ListSplitter(const ListSplitter&) = delete;
  ListSplitter& operator=(const ListSplitter&) = delete;

  // kDecode: not a JSON object, an item too large, bytes after the end.
  Result<void> Feed(std::string_view bytes);
  // kDecode when the object is not complete.
  Result<ListEnvelope> Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

enum class EventType { kAdded, kModified, kDeleted, kBookmark, kError };

// Cuts newline-separated watch events: {"type":"ADDED","object":{...}} in any field order.
class WatchSplitter {
 public:
  using OnEvent = std::function<void(EventType type, std::string_view object)>;
  explicit WatchSplitter(OnEvent on_event, std::size_t max_item_bytes = kMaxItemBytes);
  ~WatchSplitter();
  WatchSplitter(const WatchSplitter&) = delete;
  WatchSplitter& operator=(const WatchSplitter&) = delete;

  // kDecode: a line that is no event, an unknown type, a line too long. The watch must be
  // restarted.
  Result<void> Feed(std::string_view bytes);
  // True when nothing is left half read.
  bool at_boundary() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace virtlens::kube
