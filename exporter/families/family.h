// The family table's types. One constexpr table declares every series of the platform: what is
// exposed, docs/metrics.md and the JSON for rules and dashboards all come from it, so they cannot
// disagree.
//
// A family belongs to one kind of subject, names the groups of fields it reads (the seal renders it
// only when one of them changed) and renders one subject at a time.
//
// Thread contract: tables are constant; a FamilyWriter belongs to one render.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/exposition/family_header.h"
#include "exporter/exposition/sample_writer.h"
#include "exporter/inventory/inventory.h"

namespace virtlens::exporter {

// Which labels come first, before the family's own.
enum class Identity {
  kVm,       // workspace, project, cluster, vm_name
  kProject,  // workspace, project, cluster
  kCluster,  // cluster
};

enum class Stability {
  kStable,  // name, labels and meaning stay within a major release
  kAlpha,   // may change with a note in the changelog
};

class LabelNames {
 public:
  static constexpr std::size_t kMax = 12;

  constexpr LabelNames() = default;
  constexpr LabelNames(std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) names_[count_++] = name;
  }
  constexpr void Add(std::string_view name) { names_[count_++] = name; }
  constexpr std::span<const std::string_view> span() const { return {names_.data(), count_}; }
  constexpr std::size_t size() const { return count_; }

 private:
  std::array<std::string_view, kMax> names_{};
  std::size_t count_ = 0;
};

// The most series that one VM may have in a family, whatever its objects hold.
struct SeriesBudget {
  int fixed = 1;
  int per_disk = 0;
  int per_interface = 0;
};
// What a VM costs a scraper at most, with what depends on it (docs/operate.md tells users). A
// family that needs more raises it here, on purpose.
inline constexpr SeriesBudget kVmBudget = {110, 8, 10};

struct FamilyInfo {
  std::string_view name;
  FamilyType type = FamilyType::kGauge;
  std::string_view unit;  // "seconds", "bytes", "" for none
  Identity identity = Identity::kVm;
  LabelNames labels;  // after the identity; "label_*" stands for any number of label_<key>
  Stability stability = Stability::kStable;
  std::string_view source;  // the API field it comes from
  std::string_view help;
  SeriesBudget budget;  // of families of a VM
};

std::span<const std::string_view> IdentityLabels(Identity identity);

// Writes the lines of one subject in one family.
class FamilyWriter {
 public:
  FamilyWriter(const FamilyInfo& info, std::string_view identity, SampleWriter& lines)
      : info_(info), identity_(identity), lines_(lines) {}

  // Values in the order of the family's labels, one for each.
  void Sample(std::initializer_list<std::string_view> label_values, double value);
  void Sample(double value) { Sample({}, value); }
  // 1 for true; states are one-hot: what does not hold has no line.
  void Sample(std::initializer_list<std::string_view> label_values, bool value) {
    Sample(label_values, value ? 1.0 : 0.0);
  }
  // A decimal number that a double cannot hold.
  void Exact(std::initializer_list<std::string_view> label_values, std::string_view digits);
  // An instant; nothing when 0.
  void Instant(std::initializer_list<std::string_view> label_values, Micros at);
  // _bucket, _sum and _count.
  void Distribution(std::initializer_list<std::string_view> label_values,
                    const Histogram& histogram);
  // A line of a histogram that someone else counted: suffix "_bucket" (with label le), "_sum",
  // "_count".
  void HistogramPart(std::string_view suffix, std::span<const std::string_view> names,
                     std::span<const std::string_view> values, double value);
  // For families whose label names depend on the subject.
  void SampleWithNames(std::span<const std::string_view> names,
                       std::span<const std::string_view> values, double value);

 private:
  const FamilyInfo& info_;
  const std::string_view identity_;
  SampleWriter& lines_;
};

// Calls function(condition) for the first condition of each type: two types that this release does
// not know are both "other", and a label set must not appear twice.
template <class Conditions, class Function>
void ForEachType(const Conditions& conditions, Function function) {
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    bool first = true;
    for (std::size_t j = 0; j < i; ++j) first &= conditions[j].type != conditions[i].type;
    if (first) function(conditions[i]);
  }
}

template <class Subject>
struct Family {
  FamilyInfo info;
  FieldMask reads = kRowField;  // kIdentityField is always read
  void (*render)(const Subject& subject, const Inventory& inventory, FamilyWriter& out) = nullptr;
};

// The families of a kind of subject, in the order of exposition. Defined in *_families.cc.
template <class Subject>
std::span<const Family<Subject>> FamiliesOf();

template <>
std::span<const Family<VmSubject>> FamiliesOf();
template <>
std::span<const Family<GuestSubject>> FamiliesOf();
template <>
std::span<const Family<MigrationSubject>> FamiliesOf();
template <>
std::span<const Family<DataVolumeSubject>> FamiliesOf();
template <>
std::span<const Family<ClaimSubject>> FamiliesOf();
template <>
std::span<const Family<LauncherSubject>> FamiliesOf();
template <>
std::span<const Family<DataImportCronSubject>> FamiliesOf();
template <>
std::span<const Family<CustomSubject>> FamiliesOf();
template <>
std::span<const Family<ProjectSubject>> FamiliesOf();
template <>
std::span<const Family<QuotaSubject>> FamiliesOf();
template <>
std::span<const Family<NodeSubject>> FamiliesOf();
template <>
std::span<const Family<PlatformSubject>> FamiliesOf();
template <>
std::span<const Family<ComponentSubject>> FamiliesOf();
template <>
std::span<const Family<SourceSubject>> FamiliesOf();

// The rendered identity labels of a subject: `workspace="a",project="b",cluster="c",vm_name="d"`,
// and behind them, if the configuration wants that, the labels of its VM and Namespace.
struct IdentityText {
  std::string text;
  std::size_t plain_size = 0;  // without those

  // What stands first on the lines of a family; one that shows such labels itself gets none.
  std::string_view For(const FamilyInfo& info) const;
};
template <class Subject>
IdentityText IdentityOf(const Subject& subject, const Inventory& inventory, SampleWriter& lines);

// The families of one kind of subject; `resource` is what ?resources= selects by.
struct FamilyGroup {
  std::string_view resource;
  std::vector<const FamilyInfo*> families;
};
// Every family, in the order of exposition.
std::vector<FamilyGroup> FamilyGroups();

// Calls function(table) for each table of the inventory, in the order of exposition.
template <class Function>
void ForEachTable(Inventory& inventory, Function&& function) {
  function(inventory.vms);
  function(inventory.guests);
  function(inventory.migrations);
  function(inventory.data_volumes);
  function(inventory.claims);
  function(inventory.launchers);
  function(inventory.data_import_crons);
  function(inventory.customs);
  function(inventory.projects);
  function(inventory.quotas);
  function(inventory.nodes);
  function(inventory.platforms);
  function(inventory.components);
  function(inventory.sources);
}

}  // namespace virtlens::exporter
