// Finds the end of a JSON value that arrives in pieces, 64 bytes at a step. Private to kube/.
//
// Only strings and brackets are looked at: a value that is wrong inside is cut where its brackets
// say, and its decoder finds out. For each block of 64 bytes four bit masks are made (quotes,
// backslashes, opening and closing brackets); a prefix XOR of the unescaped quotes tells which
// bytes are inside strings; the rest is a population count.
//
// Thread contract: plain values and pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace virtlens::kube {

inline bool IsJsonSpace(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

class ValueScanner {
 public:
  // The next value starts with `first`, which Scan will be given too.
  void Begin(char first);
  // How many bytes at the start of `bytes` belong to the value. A number or a word ends before the
  // first byte that cannot be part of it, so its end is known only when that byte is seen.
  std::size_t Scan(std::string_view bytes);
  bool done() const { return done_; }

 private:
  enum class Kind { kNested, kString, kPrimitive };

  std::size_t ScanNested(std::string_view bytes);
  std::size_t ScanString(std::string_view bytes);
  std::size_t ScanPrimitive(std::string_view bytes);

  Kind kind_ = Kind::kPrimitive;
  bool done_ = false;
  bool in_string_ = false;
  bool escape_ = false;  // the next byte follows a backslash
  std::uint64_t depth_ = 0;
};

// The raw JSON of member `name` of a whole object; "" when there is none. The first one wins. Names
// written with escapes are not found: no Kubernetes server writes them.
std::string_view FindMember(std::string_view object, std::string_view name);

// A raw JSON string without its quotes; "" when it is no string or contains escapes (a
// resourceVersion never does).
std::string_view PlainString(std::string_view json);

}  // namespace virtlens::kube
