// The pool: shards of text -> weak reference. The last Symbol of a text takes its entry out, from
// the entry's own destructor; a new Symbol that meets a dying entry puts itself in its place.
#include "exporter/rows/symbol.h"

#include <array>
#include <functional>
#include <mutex>
#include <unordered_map>

namespace virtlens::exporter {
namespace {

struct Shard {
  std::mutex mutex;
  // Keys are views of the text that the weak reference leads to.
  std::unordered_map<std::string_view, std::weak_ptr<const std::string>> entries;
};

// Never destroyed: a Symbol in a static variable may outlive any other static.
std::array<Shard, 32>& Shards() {
  static auto& shards = *new std::array<Shard, 32>;
  return shards;
}

Shard& ShardOf(std::string_view text) {
  // The upper bits: the map inside uses the hash modulo a prime.
  return Shards()[(std::hash<std::string_view>()(text) >> 40) % Shards().size()];
}

struct Entry {
  explicit Entry(std::string_view from) : text(from) {}
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;
  ~Entry() {
    Shard& shard = ShardOf(text);
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.entries.find(text);
    // Another thread may have put a new entry of the same text here already.
    if (found != shard.entries.end() && found->first.data() == text.data()) {
      shard.entries.erase(found);
    }
  }

  const std::string text;
};

}  // namespace

Symbol::Symbol(std::string_view text) {
  if (text.empty()) return;
  Shard& shard = ShardOf(text);
  const std::lock_guard lock(shard.mutex);
  if (const auto found = shard.entries.find(text); found != shard.entries.end()) {
    entry_ = found->second.lock();
    if (entry_) return;
    // Its last owner is waiting for the lock above.
    shard.entries.erase(found);
  }
  const auto entry = std::make_shared<const Entry>(text);
  entry_ = std::shared_ptr<const std::string>(entry, &entry->text);
  shard.entries.emplace(*entry_, entry_);
}

std::size_t Symbol::PoolSize() {
  std::size_t size = 0;
  for (Shard& shard : Shards()) {
    const std::lock_guard lock(shard.mutex);
    size += shard.entries.size();
  }
  return size;
}

}  // namespace virtlens::exporter
