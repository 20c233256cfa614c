#include "exporter/exposition/negotiation.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>

namespace virtlens::exporter {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool EqualNoCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

std::string_view Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Cuts the next part off `rest` at a separator that is not within a quoted string.
std::string_view NextPart(std::string_view& rest, char separator) {
  bool quoted = false;
  std::size_t i = 0;
  for (; i < rest.size(); ++i) {
    if (rest[i] == '"') quoted = !quoted;
    if (quoted && rest[i] == '\\') ++i;
    if (!quoted && rest[i] == separator) break;
  }
  i = std::min(i, rest.size());
  const std::string_view part = rest.substr(0, i);
  rest.remove_prefix(std::min(i + 1, rest.size()));
  return Trim(part);
}

// 0, 0.5, 1, 1.000; nullopt for what is no q-value.
std::optional<double> ParseQuality(std::string_view text) {
  double q = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), q, std::chars_format::fixed);
  const bool in_range = q >= 0 && q <= 1;  // false for NaN, which from_chars reads too
  if (error != std::errc() || end != text.data() + text.size() || !in_range) return std::nullopt;
  return q;
}

// One element of an Accept or Accept-Encoding header.
struct Range {
  std::string_view name;     // "text/plain", "gzip", "*"
  std::string_view version;  // "" when not named
  double q = 1;
};

std::optional<Range> ParseRange(std::string_view element) {
  Range range;
  range.name = NextPart(element, ';');
  if (range.name.empty()) return std::nullopt;
  while (!element.empty()) {
    const std::string_view parameter = NextPart(element, ';');
    const std::size_t equals = parameter.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = Trim(parameter.substr(0, equals));
    std::string_view value = Trim(parameter.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    if (EqualNoCase(name, "version")) range.version = value;
    if (EqualNoCase(name, "q")) {
      const std::optional<double> q = ParseQuality(value);
      if (!q) return std::nullopt;
      range.q = *q;
    }
  }
  return range;
}

struct Offer {
  Format format;
  std::string_view type;
  std::string_view version;
  bool wildcards;  // only text may be given to who asks for anything
};

// Preferred first, among equals.
constexpr std::array<Offer, 3> kOffers = {{
    {Format::kOpenMetrics, "application/openmetrics-text", "1.0.0", false},
    {Format::kOpenMetrics001, "application/openmetrics-text", "0.0.1", false},
    {Format::kText, "text/plain", "0.0.4", true},
}};

// How closely a range names an offer; 0 when it does not.
int Closeness(const Range& range, const Offer& offer) {
  if (EqualNoCase(range.name, offer.type)) {
    if (range.version == offer.version) return 4;
    return range.version.empty() ? 3 : 0;
  }
  if (!offer.wildcards) return 0;
  if (EqualNoCase(range.name, "text/*")) return 2;
  return range.name == "*/*" ? 1 : 0;
}

// The closest range decides what an offer is worth (RFC 9110 section 12.5.1).
struct Worth {
  int closeness = 0;
  double q = 0;
  std::size_t place = 0;
};

}  // namespace

Format Negotiate(std::string_view accept) {
  std::array<Worth, kOffers.size()> worths{};
  for (std::size_t place = 0; !accept.empty(); ++place) {
    const std::optional<Range> range = ParseRange(NextPart(accept, ','));
    if (!range) continue;
    for (std::size_t i = 0; i < kOffers.size(); ++i) {
      const int closeness = Closeness(*range, kOffers[i]);
      if (closeness > worths[i].closeness) worths[i] = {closeness, range->q, place};
    }
  }
  Format best = Format::kText;
  Worth best_worth;
  for (std::size_t i = 0; i < kOffers.size(); ++i) {
    const Worth& worth = worths[i];
    if (worth.q <= 0) continue;
    if (worth.q > best_worth.q || (worth.q == best_worth.q && worth.place < best_worth.place)) {
      best = kOffers[i].format;
      best_worth = worth;
    }
  }
  return best;
}

bool AcceptsGzip(std::string_view accept_encoding) {
  std::optional<double> named;
  std::optional<double> any;
  while (!accept_encoding.empty()) {
    const std::optional<Range> range = ParseRange(NextPart(accept_encoding, ','));
    if (!range) continue;
    if (EqualNoCase(range->name, "gzip") || EqualNoCase(range->name, "x-gzip")) {
      named = std::max(named.value_or(0), range->q);
    } else if (range->name == "*") {
      any = std::max(any.value_or(0), range->q);
    }
  }
  return named.value_or(any.value_or(0)) > 0;
}

}  // namespace virtlens::exporter
