// The exposition store: the inventory behind one lock, and the last sealed page.
//
//   Update(rows)  marks (leaf, fields)          microseconds, renders nothing
//   Scrape()      seals what is marked, at most once, and hands out an immutable page
//
// A change is visible to the first scrape that starts after Update returned. Every page is one
// consistent state: a list is applied whole, under the lock, before the next seal.
//
// Thread contract: every function may be called from any thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "exporter/exposition/page.h"
#include "exporter/inventory/inventory.h"

namespace virtlens::exporter {

struct StoreStatistics {
  std::uint64_t seals = 0;              // scrapes that found something to do
  std::uint64_t rendered_chunks = 0;    // (leaf, family) pairs rendered
  std::uint64_t compressed_chunks = 0;  // of those, the text differed
  std::uint64_t repaired_labels = 0;    // label values with ill-formed UTF-8
  double seal_seconds = 0;              // sum over seals
  std::uint64_t raw_bytes = 0;          // of the current page
  std::uint64_t gzip_bytes = 0;
};

class Store {
 public:
  Store(std::string cluster, Clock& clock);

  // Runs `change` under the lock. Keep it short: a scrape may be waiting.
  void Update(const std::function<void(Inventory& inventory, Micros now)>& change);

  // The current state, sealed.
  std::shared_ptr<const Page> Scrape();

  StoreStatistics statistics() const;

 private:
  bool Anything();
  std::shared_ptr<const Page> Seal();
  template <class Subject>
  void SealTable(LeafTable<Subject>& table, std::vector<FamilyPart>& parts);
  template <class Subject>
  void SealLeaf(Leaf<Subject>& leaf);

  Clock& clock_;
  mutable std::mutex mutex_;
  Inventory inventory_;
  std::shared_ptr<const Page> page_;
  StoreStatistics statistics_;
  std::string text_;                 // scratch of SealLeaf
  std::vector<FamilyPart> headers_;  // in the order of exposition
};

Micros MicrosOf(WallTime time);

}  // namespace virtlens::exporter
