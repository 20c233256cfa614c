// Label values that come from a closed set, one byte each.
//
// OneOf<Set> is an index into Set::kValues. Index 0 is "" (the API said nothing) and the last index
// is "other" (the API said something this release does not know): free text never reaches a label.
// The sets themselves are in closed_sets.h.
//
// Thread contract: plain values; everything is constexpr.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace virtlens::exporter {

template <class Set>
class OneOf {
 public:
  constexpr OneOf() = default;

  // What the API said.
  static constexpr OneOf From(std::string_view text) {
    for (std::size_t i = 0; i < kCount; ++i) {
      if (Set::kValues[i] == text) return OneOf(i);
    }
    return OneOf(kCount);
  }
  // A literal of the program; one that is not in the set does not compile.
  static consteval OneOf Of(std::string_view text) {
    const OneOf value = From(text);
    if (value.is_other()) throw "not in the set";
    return value;
  }

  constexpr std::string_view text() const {
    return index_ < kCount ? Set::kValues[index_] : std::string_view("other");
  }
  constexpr bool empty() const { return index_ == 0; }
  constexpr bool is_other() const { return index_ == kCount; }
  constexpr std::uint8_t index() const { return index_; }
  constexpr bool operator==(const OneOf&) const = default;
  constexpr auto operator<=>(const OneOf&) const = default;

  // True for one of the literals.
  consteval static bool Has(std::string_view text) { return !From(text).is_other(); }
  constexpr bool Is(OneOf other) const { return index_ == other.index_; }

 private:
  static constexpr std::size_t kCount = Set::kValues.size();
  static_assert(kCount < 255 && Set::kValues[0].empty());
  constexpr explicit OneOf(std::size_t index) : index_(static_cast<std::uint8_t>(index)) {}

  std::uint8_t index_ = 0;
};

}  // namespace virtlens::exporter
