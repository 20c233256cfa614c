// Small facts about text that several rooms need: UTF-8 repair, edit distance, hexadecimal.
//
// Thread contract: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace virtlens {

// True when `text` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
bool IsUtf8(std::string_view text);

// `text` with every ill-formed sequence replaced by U+FFFD. `replaced` counts replacements.
std::string RepairUtf8(std::string_view text, std::size_t* replaced = nullptr);

// The candidate nearest to `word` by edit distance, for "did you mean"; "" when none is near
// (distance over a third of the word, at least 2).
std::string_view Nearest(std::string_view word, const std::vector<std::string_view>& candidates);

// Views into `text`; an empty text gives no parts.
std::vector<std::string_view> Split(std::string_view text, char separator);

}  // namespace virtlens
