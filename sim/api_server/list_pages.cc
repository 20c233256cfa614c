#include "sim/api_server/list_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace virtlens::sim {
namespace {

constexpr std::size_t kMaxKept = 32;
constexpr std::size_t kPieceBytes = 64 * 1024;

struct Token {
  std::uint64_t id = 0;
  std::uint64_t begin = 0;
};

// "17-500"
std::optional<Token> ParseToken(std::string_view text) {
  const char* const end = text.data() + text.size();
  Token token;
  const auto id = std::from_chars(text.data(), end, token.id);
  if (id.ec != std::errc() || id.ptr == end || *id.ptr != '-') return std::nullopt;
  const auto begin = std::from_chars(id.ptr + 1, end, token.begin);
  if (begin.ec != std::errc() || begin.ptr != end) return std::nullopt;
  return token;
}

}  // namespace

Page ListPages::Cut(const Kept& kept, std::size_t begin, std::size_t limit) {
  const std::size_t size = kept.list->objects.size();
  Page page{kept.list, begin, size, ""};
  if (limit > 0 && size - begin > limit) {
    page.end = begin + limit;
    page.continue_token = fmt::format("{}-{}", kept.id, page.end);
  }
  return page;
}

Page ListPages::First(std::string_view owner, SharedSnapshot list, std::size_t limit) {
  std::lock_guard lock(mutex_);
  Kept kept{next_id_++, std::string(owner), std::move(list)};
  Page page = Cut(kept, 0, limit);
  if (!page.continue_token.empty()) {
    kept_.push_back(std::move(kept));
    if (kept_.size() > kMaxKept) kept_.pop_front();
  }
  return page;
}

Result<Page> ListPages::Continue(std::string_view owner, std::string_view text, std::size_t limit) {
  const auto token = ParseToken(text);
  if (!token) return Fail(Code::kInvalidArgument, "continue key is not valid");
  std::lock_guard lock(mutex_);
  const auto kept = std::find_if(kept_.begin(), kept_.end(),
                                 [&](const Kept& candidate) { return candidate.id == token->id; });
  if (kept == kept_.end()) {
    return Fail(Error{Code::kExpired, "The provided continue parameter is too old", 410});
  }
  if (kept->owner != owner || token->begin > kept->list->objects.size()) {
    return Fail(Code::kInvalidArgument, "continue key is not valid");
  }
  Page page = Cut(*kept, token->begin, limit);
  if (page.continue_token.empty()) kept_.erase(kept);
  return page;
}

void ListPages::Clear() {
  std::lock_guard lock(mutex_);
  kept_.clear();
}

http::Body ListBody(const kube::ResourceType& type, Page page) {
  Json metadata = {{"resourceVersion", std::to_string(page.list->revision)}};
  if (!page.continue_token.empty()) {
    metadata["continue"] = page.continue_token;
    metadata["remainingItemCount"] = page.list->objects.size() - page.end;
  }
  std::string head = fmt::format(R"({{"kind":"{}List","apiVersion":"{}","metadata":{},"items":[)",
                                 type.kind, type.ApiVersion(), DumpJson(metadata));
  const std::size_t begin = page.begin;
  return http::BodyGenerator([page = std::move(page), head = std::move(head), at = begin,
                              started = false](std::string& out) mutable {
    if (!started) out += head;
    started = true;
    for (; at < page.end && out.size() < kPieceBytes; ++at) {
      if (at != page.begin) out += ',';
      out += page.list->objects[at]->json;
    }
    if (at < page.end) return true;
    out += "]}\n";
    return false;
  });
}

}  // namespace virtlens::sim
