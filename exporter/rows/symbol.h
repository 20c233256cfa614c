// A shared, immutable string: names that thousands of rows repeat (namespaces, nodes, storage
// classes, instance types) are kept once. Comparing two symbols compares two pointers.
//
// A name that nothing uses any more is freed, so a tenant cannot fill the memory by churning names.
//
// Thread contract: a Symbol is a value; making, copying and destroying it is safe on any thread.
#pragma once

#include <compare>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace virtlens::exporter {

class Symbol {
 public:
  Symbol() = default;  // ""
  explicit Symbol(std::string_view text);

  std::string_view text() const { return entry_ ? std::string_view(*entry_) : std::string_view(); }
  bool empty() const { return entry_ == nullptr; }
  bool operator==(const Symbol& other) const { return entry_ == other.entry_; }
  bool operator==(std::string_view text) const { return this->text() == text; }
  // Alphabetical.
  std::strong_ordering operator<=>(const Symbol& other) const {
    return entry_ == other.entry_ ? std::strong_ordering::equal : text() <=> other.text();
  }

  // How many distinct strings are kept, for tests and the program's own metrics.
  static std::size_t PoolSize();

 private:
  std::shared_ptr<const std::string> entry_;
};

}  // namespace virtlens::exporter
