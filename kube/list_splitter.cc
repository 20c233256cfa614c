#include <nlohmann/json.hpp>
#include <utility>

#include "kube/object_cutter.h"
#include "kube/splitter.h"

namespace virtlens::kube {
namespace {

std::string StringMember(const nlohmann::json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end() || !member->is_string()) return "";
  return member->get<std::string>();
}

}  // namespace

struct ListSplitter::State final : ObjectCutterHandler {
  State(OnItem handler, std::size_t max_item_bytes)
      : on_item(std::move(handler)), cutter(*this, max_item_bytes) {}

  Result<MemberUse> OnKey(std::string_view key) override {
    if (key == "items") {
      // Twice would mean that what was handed over is not what the object says.
      if (items_seen) return Fail(Code::kDecode, "a list with two members \"items\"");
      items_seen = true;
      return MemberUse::kElements;
    }
    if (key != "metadata" && key != "kind" && key != "apiVersion") return MemberUse::kSkip;
    member = key;
    return MemberUse::kSmall;
  }

  Result<void> OnMember(std::string_view value) override {
    const auto parsed = nlohmann::json::parse(value, nullptr, false);
    if (parsed.is_discarded()) return Fail(Code::kDecode, "malformed JSON in a list's " + member);
    if (member == "metadata") {
      const bool object = parsed.is_object();
      envelope.resource_version = object ? StringMember(parsed, "resourceVersion") : "";
      envelope.continue_token = object ? StringMember(parsed, "continue") : "";
      return {};
    }
    std::string& field = member == "kind" ? envelope.kind : envelope.api_version;
    field = parsed.is_string() ? parsed.get<std::string>() : "";
    return {};
  }

  void OnElement(std::string_view element) override { on_item(element); }

  Result<void> Feed(std::string_view bytes) {
    VIRTLENS_TRY(const std::size_t used, cutter.Feed(bytes));
    for (const char c : bytes.substr(used)) {
      if (!IsJsonSpace(c)) return Fail(Code::kDecode, "bytes after the end of a list");
    }
    return {};
  }

  OnItem on_item;
  ObjectCutter cutter;
  ListEnvelope envelope;
  std::string member;  // whose value is being read
  bool items_seen = false;
  Result<void> outcome;  // the first error stays
};

ListSplitter::ListSplitter(OnItem on_item, std::size_t max_item_bytes)
    : state_(std::make_unique<State>(std::move(on_item), max_item_bytes)) {}

ListSplitter::~ListSplitter() = default;

Result<void> ListSplitter::Feed(std::string_view bytes) {
  if (state_->outcome) state_->outcome = state_->Feed(bytes);
  return state_->outcome;
}

Result<ListEnvelope> ListSplitter::Finish() {
  VIRTLENS_CHECK(state_->outcome);
  if (!state_->cutter.complete()) return Fail(Code::kDecode, "a list that breaks off");
  return state_->envelope;
}

}  // namespace virtlens::kube
