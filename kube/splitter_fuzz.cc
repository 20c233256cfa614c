// ListSplitter against nlohmann/json: whatever list nlohmann reads, the splitter reads the same,
// wherever the bytes are cut. The first byte of the input chooses the cuts.
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <vector>

#include "kube/splitter.h"

namespace {

using nlohmann::json;

std::string TextOf(const json& object, const char* name) {
  if (!object.is_object()) return "";
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

struct Reference {
  bool list = false;
  json value;
};

// Lists only, with items that are objects and given once: the splitter refuses the rest on purpose.
Reference Read(std::string_view text) {
  std::size_t items_members = 0;
  const auto count = [&](int depth, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::key && depth == 1 && parsed == "items") ++items_members;
    return true;
  };
  Reference reference;
  reference.value = json::parse(text, count, false);
  if (!reference.value.is_object() || items_members > 1) return reference;
  const auto items = reference.value.find("items");
  reference.list = true;
  if (items == reference.value.end() || items->is_null()) return reference;
  reference.list = items->is_array();
  for (const json& item : *items) reference.list = reference.list && item.is_object();
  return reference;
}

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece = data[0] % 97 + 1U;

  std::vector<std::string> items;
  virtlens::kube::ListSplitter splitter([&](std::string_view item) { items.emplace_back(item); });
  for (std::size_t at = 0; at < text.size(); at += piece) {
    if (!splitter.Feed(text.substr(at, piece))) break;
  }
  const auto envelope = splitter.Finish();

  // nlohmann takes a NUL for the end of its input; the splitter refuses it as RFC 8259 does.
  if (text.find('\0') != std::string_view::npos) return 0;
  const Reference reference = Read(text);
  if (!reference.list) return 0;
  Require(envelope.has_value());
  json parsed = json::array();
  for (const std::string& item : items) parsed.push_back(json::parse(item));
  const json expected = reference.value.value("items", json());
  Require(expected.is_null() ? items.empty() : parsed == expected);
  const json metadata = reference.value.value("metadata", json());
  Require(envelope->resource_version == TextOf(metadata, "resourceVersion"));
  Require(envelope->continue_token == TextOf(metadata, "continue"));
  Require(envelope->kind == TextOf(reference.value, "kind"));
  return 0;
}
