#include "exporter/exposition/page.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "exporter/exposition/family_header.h"
#include "exporter/exposition/gzip_member.h"

namespace virtlens::exporter {
namespace {

// Small chunks (headers are) go out together; a larger one goes alone.
constexpr std::size_t kPieceBytes = std::size_t{32} * 1024;

constexpr std::string_view kDamaged = "\n!exposition damaged in memory\n";

using Chunks = std::vector<std::shared_ptr<const Chunk>>;

const std::shared_ptr<const Chunk>& EndChunk() {
  static const std::shared_ptr<const Chunk> end = Compress(kOpenMetricsEnd);
  return end;
}

bool HasSamples(const Chunks& chunks) {
  return std::any_of(chunks.begin(), chunks.end(),
                     [](const auto& chunk) { return chunk != nullptr; });
}

// One chunk with the lines that are in scope. A damaged chunk is left out whole: a tenant must
// never see bytes of which it is not known whose they are.
Chunks InScope(const Chunks& chunks, const SeriesScope& scope) {
  std::string kept;
  std::string text;
  for (const auto& chunk : chunks) {
    if (chunk == nullptr || !scope.MayKeep(*chunk)) continue;
    text.clear();
    if (Inflate(*chunk, text)) kept += scope.Filter(text);
  }
  return {Compress(kept)};
}

http::BodyGenerator InflateInPieces(Chunks chunks) {
  return [chunks = std::move(chunks), next = std::size_t{0}](std::string& out) mutable {
    out.clear();
    while (next < chunks.size() && out.size() < kPieceBytes) {
      const std::shared_ptr<const Chunk> chunk = std::move(chunks[next++]);
      if (chunk == nullptr) continue;
      if (!Inflate(*chunk, out)) {
        out += kDamaged;
        next = chunks.size();
      }
    }
    return !out.empty();
  };
}

}  // namespace

Page::Page(std::vector<FamilyPart> families)
    : families_(std::move(families)),
      text_(Measure(Format::kText)),
      openmetrics_(Measure(Format::kOpenMetrics)) {}

std::shared_ptr<const Page> Page::Join(std::span<const std::shared_ptr<const Page>> pages) {
  if (pages.size() == 1) return pages.front();
  std::vector<FamilyPart> families;
  for (const auto& page : pages) {
    if (families.empty()) {
      families = page->families();
      continue;
    }
    for (std::size_t i = 0; i < families.size(); ++i) {
      const auto& chunks = page->families()[i].chunks;
      families[i].chunks.insert(families[i].chunks.end(), chunks.begin(), chunks.end());
    }
  }
  return std::make_shared<const Page>(std::move(families));
}

http::Response Page::Respond(Format format, bool gzip, const FamilyNames* only,
                             const SeriesScope* scope) const {
  Chunks chunks = Select(format, only, scope);
  http::Response response;
  const std::string content_type(ContentType(format));
  if (gzip) {
    response.headers = {{"Content-Type", content_type},
                        {"Content-Encoding", "gzip"},
                        {"Vary", "Accept, Accept-Encoding"}};
    response.body = Stitch(chunks).buffers;
  } else {
    response.headers = {{"Content-Type", content_type}, {"Vary", "Accept, Accept-Encoding"}};
    response.body = InflateInPieces(std::move(chunks));
  }
  return response;
}

std::uint64_t Page::raw_bytes(Format format) const {
  return IsOpenMetrics(format) ? openmetrics_.raw : text_.raw;
}

std::uint64_t Page::gzip_bytes(Format format) const {
  return IsOpenMetrics(format) ? openmetrics_.gzip : text_.gzip;
}

Chunks Page::Select(Format format, const FamilyNames* only, const SeriesScope* scope) const {
  Chunks chunks;
  for (const FamilyPart& family : families_) {
    if (only != nullptr && !only->contains(family.name)) continue;
    const Chunks kept = scope == nullptr ? family.chunks : InScope(family.chunks, *scope);
    if (!HasSamples(kept)) continue;
    chunks.push_back(IsOpenMetrics(format) ? family.openmetrics_header : family.text_header);
    chunks.insert(chunks.end(), kept.begin(), kept.end());
  }
  if (IsOpenMetrics(format)) chunks.push_back(EndChunk());
  return chunks;
}

Page::Sizes Page::Measure(Format format) const {
  Sizes sizes{0, kGzipOverhead};
  for (const auto& chunk : Select(format, nullptr, nullptr)) {
    if (chunk == nullptr) continue;
    sizes.raw += chunk->raw_size;
    sizes.gzip += chunk->deflated.size();
  }
  return sizes;
}

}  // namespace virtlens::exporter
