// WatchSplitter against nlohmann/json, line by line: as long as every line is an event for
// nlohmann, the splitter finds the same events, wherever the bytes are cut.
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "base/text.h"
#include "kube/splitter.h"

namespace {

using nlohmann::json;
using virtlens::kube::EventType;

struct Event {
  EventType type;
  json object;
  bool operator==(const Event&) const = default;
};

bool IsSpace(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

// nullopt: some line is no event, or an unterminated last line might be half of one.
std::optional<std::vector<Event>> Read(std::string_view text) {
  static const std::map<std::string, EventType> types = {{"ADDED", EventType::kAdded},
                                                         {"MODIFIED", EventType::kModified},
                                                         {"DELETED", EventType::kDeleted},
                                                         {"BOOKMARK", EventType::kBookmark},
                                                         {"ERROR", EventType::kError}};
  std::vector<Event> events;
  for (const std::string_view line : virtlens::Split(text, '\n')) {
    if (IsSpace(line)) continue;
    // Of a repeated member the last counts for both readers, but the splitter refuses a bad earlier
    // one.
    std::size_t type_members = 0;
    const auto count = [&](int depth, json::parse_event_t event, json& parsed) {
      if (event == json::parse_event_t::key && depth == 1 && parsed == "type") ++type_members;
      return true;
    };
    const json parsed = json::parse(line, count, false);
    if (!parsed.is_object() || type_members != 1) return std::nullopt;
    const json type = parsed.value("type", json());
    const json object = parsed.value("object", json());
    if (!type.is_string() || !object.is_object()) return std::nullopt;
    const auto known = types.find(type.get<std::string>());
    if (known == types.end()) return std::nullopt;
    events.push_back({known->second, object});
  }
  return events;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece = data[0] % 97 + 1U;

  std::vector<std::pair<EventType, std::string>> found;
  virtlens::kube::WatchSplitter splitter([&](EventType type, std::string_view object) {
    found.emplace_back(type, std::string(object));
  });
  bool accepted = true;
  for (std::size_t at = 0; at < text.size() && accepted; at += piece) {
    accepted = splitter.Feed(text.substr(at, piece)).has_value();
  }

  const auto expected = Read(text);
  if (!expected) return 0;
  std::vector<Event> events;
  for (const auto& [type, object] : found) events.push_back({type, json::parse(object)});
  if (!accepted || !splitter.at_boundary() || events != *expected) std::abort();
  return 0;
}
