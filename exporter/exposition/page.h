// A page: one immutable exposition, as a list of families made of cached chunks.
//
// A scrape takes the published page and answers from it alone: nothing is rendered, nothing is
// compressed, no lock is held, however slowly the client reads. gzip is a list of buffers; identity
// text is inflated piece by piece as the client takes it, so it costs one piece of memory.
//
// Ownership: shared_ptr<const Page>; a response keeps the chunks it needs, not the page. Thread
// contract: const, so any thread. Errors: none; a damaged chunk (memory corruption) ends the body
// with a line no parser accepts, so that a scraper drops the scrape rather than lose some series.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "exporter/exposition/chunk.h"
#include "exporter/exposition/format.h"
#include "exporter/exposition/series_scope.h"
#include "http/message.h"

namespace virtlens::exporter {

// Names as in text 0.0.4.
using FamilyNames = std::set<std::string, std::less<>>;

struct FamilyPart {
  std::string name;
  std::shared_ptr<const Chunk> text_header;
  std::shared_ptr<const Chunk> openmetrics_header;
  std::vector<std::shared_ptr<const Chunk>> chunks;  // of the samples; null stands for none
};

class Page {
 public:
  // The order of the families is the order on the wire.
  explicit Page(std::vector<FamilyPart> families);

  // One page of several, whose families are the same and in the same order: those of each family
  // follow one another.
  static std::shared_ptr<const Page> Join(std::span<const std::shared_ptr<const Page>> pages);

  // The whole page, or only the families named in `only` (unknown names select nothing), or only
  // the series in `scope`. A family without samples leaves no trace, its header included.
  http::Response Respond(Format format, bool gzip, const FamilyNames* only = nullptr,
                         const SeriesScope* scope = nullptr) const;

  const std::vector<FamilyPart>& families() const { return families_; }
  // Bytes of the body of the whole page.
  std::uint64_t raw_bytes(Format format = Format::kText) const;
  std::uint64_t gzip_bytes(Format format = Format::kText) const;

 private:
  struct Sizes {
    std::uint64_t raw = 0;
    std::uint64_t gzip = 0;
  };

  std::vector<std::shared_ptr<const Chunk>> Select(Format format, const FamilyNames* only,
                                                   const SeriesScope* scope) const;
  Sizes Measure(Format format) const;

  std::vector<FamilyPart> families_;
  Sizes text_;
  Sizes openmetrics_;
};

}  // namespace virtlens::exporter
