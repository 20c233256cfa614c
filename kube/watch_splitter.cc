#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "kube/object_cutter.h"
#include "kube/splitter.h"

namespace virtlens::kube {
namespace {

// What an event may hold beside its object.
constexpr std::size_t kMaxFramingBytes = 4 * 1024;

constexpr std::array<std::pair<std::string_view, EventType>, 5> kEventTypes{{
    {"ADDED", EventType::kAdded},
    {"MODIFIED", EventType::kModified},
    {"DELETED", EventType::kDeleted},
    {"BOOKMARK", EventType::kBookmark},
    {"ERROR", EventType::kError},
}};

Result<EventType> ParseEventType(std::string_view json) {
  const auto parsed = nlohmann::json::parse(json, nullptr, false);
  if (parsed.is_string()) {
    for (const auto& [name, type] : kEventTypes) {
      if (parsed.get_ref<const std::string&>() == name) return type;
    }
  }
  return Fail(Code::kDecode, "a watch event of unknown type");
}

}  // namespace

struct WatchSplitter::State final : ObjectCutterHandler {
  State(OnEvent handler, std::size_t max_item_bytes)
      : on_event(std::move(handler)),
        max_event_bytes(max_item_bytes + kMaxFramingBytes),
        cutter(*this, max_item_bytes) {}

  Result<MemberUse> OnKey(std::string_view key) override {
    reading_type = key == "type";
    if (reading_type) return MemberUse::kSmall;
    return key == "object" ? MemberUse::kItem : MemberUse::kSkip;
  }

  Result<void> OnMember(std::string_view value) override {
    if (!reading_type) {
      object = value;
      return {};
    }
    VIRTLENS_TRY(type, ParseEventType(value));
    return {};
  }

  void OnElement(std::string_view) override {}

  Result<void> Feed(std::string_view bytes) {
    while (!bytes.empty()) {
      VIRTLENS_TRY(const std::size_t used, cutter.Feed(bytes));
      bytes.remove_prefix(used);
      event_bytes = cutter.started() ? event_bytes + used : 0;
      if (event_bytes > max_event_bytes && !cutter.complete()) {
        return Fail(Code::kDecode, "a watch event is too long");
      }
      if (!cutter.complete()) return {};
      if (!type || object.empty() || object.front() != '{') {
        return Fail(Code::kDecode, "a watch line without type or object");
      }
      on_event(*type, object);
      type.reset();
      object = {};
      event_bytes = 0;
      cutter.Reset();
    }
    return {};
  }

  OnEvent on_event;
  const std::size_t max_event_bytes;
  ObjectCutter cutter;
  bool reading_type = false;
  std::optional<EventType> type;
  std::string_view object;  // in the cutter's buffer
  std::size_t event_bytes = 0;
  Result<void> outcome;
};

WatchSplitter::WatchSplitter(OnEvent on_event, std::size_t max_item_bytes)
    : state_(std::make_unique<State>(std::move(on_event), max_item_bytes)) {}

WatchSplitter::~WatchSplitter() = default;

Result<void> WatchSplitter::Feed(std::string_view bytes) {
  if (state_->outcome) state_->outcome = state_->Feed(bytes);
  return state_->outcome;
}

bool WatchSplitter::at_boundary() const { return !state_->cutter.started(); }

}  // namespace virtlens::kube
