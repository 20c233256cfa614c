// RFC 3339 instants and durations as Kubernetes writes them.
//
// Thread contract: pure functions. Units are in the types.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace virtlens {

// "2026-11-21T10:00:00Z", "2026-11-21T10:00:00.123456Z", "...+02:00" (RFC 3339 section 5.6). Digits
// past the clock's resolution are cut. A leap second reads as the second after it.
// nullopt: not RFC 3339, or outside years 1 to 9999.
std::optional<WallTime> ParseRfc3339(std::string_view text);

// "2026-11-21T10:00:00Z"; with fraction when `micros`: metav1.MicroTime's six digits.
std::string FormatRfc3339(WallTime time, bool micros = false);

// Go's duration syntax, as flags and configs use it: "300ms", "1m30s", "1.5h". nullopt: not one.
std::optional<Duration> ParseDuration(std::string_view text);

// Seconds since 1970 with the clock's fraction, as Prometheus wants it.
double UnixSeconds(WallTime time);

}  // namespace virtlens
