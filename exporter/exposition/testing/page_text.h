// A page as a scraper without gzip gets it, in one string; for tests and benchmarks.
//
// Thread contract: as of Page.
#pragma once

#include <string>
#include <variant>

#include "exporter/exposition/page.h"

namespace virtlens::exporter {

inline std::string PageText(const Page& page, Format format = Format::kText,
                            const SeriesScope* scope = nullptr) {
  http::Response response = page.Respond(format, false, nullptr, scope);
  auto& next = std::get<http::BodyGenerator>(response.body);
  std::string text;
  for (std::string piece; next(piece);) text += piece;
  return text;
}

}  // namespace virtlens::exporter
