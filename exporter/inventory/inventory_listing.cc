// A list replaces the state of a resource at once: new rows in, and out goes what it does not name.

#include <algorithm>
#include <type_traits>
#include <unordered_set>

#include "exporter/inventory/inventory.h"

namespace virtlens::exporter {
namespace {

template <class Row>
struct TableOf;
#define VIRTLENS_TABLE(row, member)                                    \
  template <>                                                          \
  struct TableOf<row> {                                                \
    static auto& Of(Inventory& inventory) { return inventory.member; } \
    template <class Subject>                                           \
    static bool Holds(const Subject&) {                                \
      return true;                                                     \
    }                                                                  \
  }
VIRTLENS_TABLE(MigrationRow, migrations);
VIRTLENS_TABLE(DataVolumeRow, data_volumes);
VIRTLENS_TABLE(ClaimRow, claims);
VIRTLENS_TABLE(DataImportCronRow, data_import_crons);
VIRTLENS_TABLE(LauncherRow, launchers);
VIRTLENS_TABLE(QuotaRow, quotas);
VIRTLENS_TABLE(NodeRow, nodes);
VIRTLENS_TABLE(NamespaceRow, namespaces);
#undef VIRTLENS_TABLE

template <>
struct TableOf<VmRow> {
  static auto& Of(Inventory& inventory) { return inventory.vms; }
  static bool Holds(const VmSubject& subject) { return subject.vm.has_value(); }
};
template <>
struct TableOf<VmiRow> {
  static auto& Of(Inventory& inventory) { return inventory.vms; }
  static bool Holds(const VmSubject& subject) { return subject.vmi.has_value(); }
};

using KeySet = std::unordered_set<ObjectKey, ObjectKeyHash>;

template <class Row>
KeySet KeysOf(const Listing<Row>& listing) {
  KeySet keys(listing.undecodable.begin(), listing.undecodable.end());
  for (const Row& row : listing.rows) keys.insert(row.meta.key);
  return keys;
}

}  // namespace

template <class Row>
void Inventory::Replace(Listing<Row> listing, Micros now) {
  const KeySet present = KeysOf(listing);
  std::vector<ObjectKey> gone;
  TableOf<Row>::Of(*this).ForEach([&](const auto& subject) {
    if (TableOf<Row>::Holds(subject) && !present.contains(subject.key)) gone.push_back(subject.key);
  });
  for (const ObjectKey& key : gone) Remove<Row>(key, now);
  for (Row& row : listing.rows) Upsert(std::move(row), now);
  // Projects that a state file brought, whose namespaces went while the exporter was away.
  if constexpr (std::is_same_v<Row, NamespaceRow>) {
    gone.clear();
    projects.ForEach([&](const ProjectSubject& project) {
      if (!present.contains(project.key)) gone.push_back(project.key);
    });
    for (const ObjectKey& key : gone) ForsakeProject(key, now);
  }
}

template void Inventory::Replace(Listing<NamespaceRow>, Micros);
template void Inventory::Replace(Listing<NodeRow>, Micros);
template void Inventory::Replace(Listing<VmRow>, Micros);
template void Inventory::Replace(Listing<VmiRow>, Micros);
template void Inventory::Replace(Listing<MigrationRow>, Micros);
template void Inventory::Replace(Listing<DataVolumeRow>, Micros);
template void Inventory::Replace(Listing<ClaimRow>, Micros);
template void Inventory::Replace(Listing<DataImportCronRow>, Micros);
template void Inventory::Replace(Listing<LauncherRow>, Micros);
template void Inventory::Replace(Listing<QuotaRow>, Micros);

void Inventory::ReplacePlatform(std::string_view component, Listing<PlatformRow> listing) {
  const KeySet present = KeysOf(listing);
  std::vector<ObjectKey> gone;
  platforms.ForEach([&](const PlatformSubject& subject) {
    if (subject.key.space == component && !present.contains(subject.row.meta.key)) {
      gone.push_back(subject.row.meta.key);
    }
  });
  for (const ObjectKey& key : gone) RemovePlatform(component, key);
  for (PlatformRow& row : listing.rows) UpsertPlatform(component, std::move(row));
}

}  // namespace virtlens::exporter
