// Which format and which coding a scraper gets.
//
// Rules: RFC 9110 sections 12.5.1 and 12.5.3. What it must understand: Prometheus 2.37 (fixed
// q-values), 2.49 (computed ones), 3.x (text 1.0.0 and escaping parameters offered first), vmagent
// (text only), browsers and curl (*/*). Header text is from outside: anything malformed is passed
// over, the cost is linear in its length (which the server limits), and nothing here fails.
//
// Thread contract: pure functions.
#pragma once

#include <string_view>

#include "exporter/exposition/format.h"

namespace virtlens::exporter {

// The format for an Accept header; "" when there is none. OpenMetrics only for those who name it;
// wildcards, unknown types and nonsense get text, for a scraper is better served with what it did
// not ask for than with 406. On equal q-values the one listed first wins.
Format Negotiate(std::string_view accept);

// True when an Accept-Encoding header ("" when there is none) allows gzip.
bool AcceptsGzip(std::string_view accept_encoding);

}  // namespace virtlens::exporter
