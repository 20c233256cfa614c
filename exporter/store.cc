#include "exporter/store.h"

#include "exporter/families/family.h"

namespace virtlens::exporter {
namespace {

FamilyPart HeaderOf(const FamilyInfo& info) {
  const FamilyDescription description{info.name, info.type, info.unit, info.help};
  FamilyPart part;
  part.name = info.name;
  part.text_header = Compress(FamilyHeader(description, Format::kText));
  part.openmetrics_header = Compress(FamilyHeader(description, Format::kOpenMetrics));
  return part;
}

// What is summed per project has its name where others have theirs.
std::string_view ProjectOf(const ObjectKey& key) {
  return key.space.empty() ? std::string_view(key.name) : key.space.text();
}

}  // namespace

Micros MicrosOf(WallTime time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

Store::Store(std::string cluster, Clock& clock) : clock_(clock), inventory_(std::move(cluster)) {
  for (const FamilyGroup& group : FamilyGroups()) {
    for (const FamilyInfo* info : group.families) headers_.push_back(HeaderOf(*info));
  }
}

void Store::Update(const std::function<void(Inventory&, Micros)>& change) {
  std::lock_guard lock(mutex_);
  change(inventory_, MicrosOf(clock_.Now()));
}

std::shared_ptr<const Page> Store::Scrape() {
  std::lock_guard lock(mutex_);
  inventory_.Tick(MicrosOf(clock_.Now()));
  if (page_ == nullptr || Anything()) page_ = Seal();
  return page_;
}

StoreStatistics Store::statistics() const {
  std::lock_guard lock(mutex_);
  return statistics_;
}

bool Store::Anything() {
  bool changed = false;
  ForEachTable(inventory_, [&](const auto& table) { changed |= table.changed(); });
  return changed;
}

std::shared_ptr<const Page> Store::Seal() {
  const Duration start = clock_.Monotonic();
  std::vector<FamilyPart> parts;
  parts.reserve(headers_.size());
  ForEachTable(inventory_, [&](auto& table) { SealTable(table, parts); });
  auto page = std::make_shared<const Page>(std::move(parts));
  ++statistics_.seals;
  statistics_.seal_seconds += std::chrono::duration<double>(clock_.Monotonic() - start).count();
  statistics_.raw_bytes = page->raw_bytes();
  statistics_.gzip_bytes = page->gzip_bytes();
  return page;
}

template <class Subject>
void Store::SealTable(LeafTable<Subject>& table, std::vector<FamilyPart>& parts) {
  const std::size_t first = parts.size();
  const std::size_t families = FamiliesOf<Subject>().size();
  for (std::size_t i = 0; i < families; ++i) {
    parts.push_back(headers_[first + i]);
    parts.back().chunks.reserve(table.leaves().size());
  }
  for (auto& leaf : table.leaves()) {
    if (leaf->dirty != 0) SealLeaf(*leaf);
    for (std::size_t i = 0; i < families; ++i) {
      if (leaf->sealed[i].chunk) parts[first + i].chunks.push_back(leaf->sealed[i].chunk);
    }
  }
  table.TakeChanged();
}

template <class Subject>
void Store::SealLeaf(Leaf<Subject>& leaf) {
  const auto families = FamiliesOf<Subject>();
  leaf.sealed.resize(families.size());
  SampleWriter lines(text_);
  std::vector<IdentityText> identities;
  identities.reserve(leaf.subjects.size());
  for (const auto& subject : leaf.subjects) {
    identities.push_back(IdentityOf(*subject, inventory_, lines));
  }
  for (std::size_t i = 0; i < families.size(); ++i) {
    if (((families[i].reads | kIdentityField) & leaf.dirty) == 0) continue;
    text_.clear();
    for (std::size_t s = 0; s < leaf.subjects.size(); ++s) {
      FamilyWriter out(families[i].info, identities[s].For(families[i].info), lines);
      families[i].render(*leaf.subjects[s], inventory_, out);
    }
    ++statistics_.rendered_chunks;
    const std::uint64_t hash = std::hash<std::string_view>()(text_);
    SealedChunk& sealed = leaf.sealed[i];
    const std::uint64_t size = sealed.chunk ? sealed.chunk->raw_size : 0;
    if (sealed.hash == hash && size == text_.size()) continue;
    const auto chunk = Compress(text_);
    if (chunk) {
      chunk->first_project = ProjectOf(leaf.subjects.front()->key);
      chunk->last_project = ProjectOf(leaf.subjects.back()->key);
    }
    sealed = SealedChunk{chunk, hash};
    ++statistics_.compressed_chunks;
  }
  leaf.dirty = 0;
  statistics_.repaired_labels += lines.repaired();
}

}  // namespace virtlens::exporter
