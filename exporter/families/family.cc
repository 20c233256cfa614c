#include "exporter/families/family.h"

#include <cassert>
#include <vector>

#include "exporter/families/custom_families.h"

namespace virtlens::exporter {
namespace {

constexpr std::array<std::string_view, 4> kVmLabels = {"workspace", "project", "cluster",
                                                       "vm_name"};

std::string VmIdentity(const Symbol& space, std::string_view vm_name, const Inventory& inventory,
                       SampleWriter& lines) {
  std::string identity;
  lines.AppendLabel(identity, "workspace", inventory.WorkspaceOf(space).text());
  lines.AppendLabel(identity, "project", space.text());
  lines.AppendLabel(identity, "cluster", inventory.cluster());
  lines.AppendLabel(identity, "vm_name", vm_name);
  return identity;
}

std::string ClusterIdentity(const Inventory& inventory, SampleWriter& lines) {
  std::string identity;
  lines.AppendLabel(identity, "cluster", inventory.cluster());
  return identity;
}

template <class Subject>
std::string DependentIdentity(const Subject& subject, const Inventory& inventory,
                              SampleWriter& lines) {
  return VmIdentity(subject.key.space, inventory.NameOfVm(subject.key.space, subject.vm_ref),
                    inventory, lines);
}

template <class Subject>
FamilyGroup GroupOf(std::string_view resource, std::span<const Family<Subject>> families) {
  FamilyGroup group{resource, {}};
  for (const Family<Subject>& family : families) group.families.push_back(&family.info);
  return group;
}

template <class Subject>
FamilyGroup Group(std::string_view resource) {
  return GroupOf(resource, FamiliesOf<Subject>());
}

}  // namespace

std::span<const std::string_view> IdentityLabels(Identity identity) {
  const std::span<const std::string_view> all(kVmLabels);
  switch (identity) {
    case Identity::kVm:
      return all;
    case Identity::kProject:
      return all.first(3);
    case Identity::kCluster:
      return all.subspan(2, 1);
  }
  return {};
}

void FamilyWriter::Sample(std::initializer_list<std::string_view> label_values, double value) {
  assert(label_values.size() == info_.labels.size());
  lines_.Line(info_.name, identity_, info_.labels.span(),
              std::span<const std::string_view>(label_values.begin(), label_values.size()), value);
}

void FamilyWriter::Exact(std::initializer_list<std::string_view> label_values,
                         std::string_view digits) {
  assert(label_values.size() == info_.labels.size());
  lines_.ExactLine(info_.name, identity_, info_.labels.span(),
                   std::span<const std::string_view>(label_values.begin(), label_values.size()),
                   digits);
}

void FamilyWriter::Instant(std::initializer_list<std::string_view> label_values, Micros at) {
  if (at != 0) Sample(label_values, static_cast<double>(at) / 1e6);
}

void FamilyWriter::Distribution(std::initializer_list<std::string_view> label_values,
                                const Histogram& histogram) {
  const std::string name(info_.name);
  std::vector<std::string_view> names(info_.labels.span().begin(), info_.labels.span().end());
  std::vector<std::string_view> values(label_values);
  names.emplace_back("le");
  values.emplace_back();
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i <= histogram.bounds().size(); ++i) {
    cumulative += histogram.counts()[i];
    const bool last = i == histogram.bounds().size();
    const std::string bound = last ? std::string("+Inf") : FormatLe(histogram.bounds()[i]);
    values.back() = bound;
    lines_.Line(name + "_bucket", identity_, names, values, static_cast<double>(cumulative));
  }
  names.pop_back();
  values.pop_back();
  lines_.Line(name + "_sum", identity_, names, values, histogram.sum());
  lines_.Line(name + "_count", identity_, names, values, static_cast<double>(histogram.count()));
}

void FamilyWriter::HistogramPart(std::string_view suffix, std::span<const std::string_view> names,
                                 std::span<const std::string_view> values, double value) {
  lines_.Line(std::string(info_.name).append(suffix), identity_, names, values, value);
}

void FamilyWriter::SampleWithNames(std::span<const std::string_view> names,
                                   std::span<const std::string_view> values, double value) {
  lines_.Line(info_.name, identity_, names, values, value);
}

template <>
std::string IdentityOf(const VmSubject& subject, const Inventory& inventory, SampleWriter& lines) {
  return VmIdentity(subject.key.space, subject.vm_name, inventory, lines);
}
template <>
std::string IdentityOf(const GuestSubject& subject, const Inventory& inventory,
                       SampleWriter& lines) {
  return VmIdentity(subject.key.space, inventory.NameOfVm(subject.key.space, subject.key.name),
                    inventory, lines);
}
template <>
std::string IdentityOf(const MigrationSubject& subject, const Inventory& inventory,
                       SampleWriter& lines) {
  return DependentIdentity(subject, inventory, lines);
}
template <>
std::string IdentityOf(const DataVolumeSubject& subject, const Inventory& inventory,
                       SampleWriter& lines) {
  return DependentIdentity(subject, inventory, lines);
}
template <>
std::string IdentityOf(const ClaimSubject& subject, const Inventory& inventory,
                       SampleWriter& lines) {
  return DependentIdentity(subject, inventory, lines);
}
template <>
std::string IdentityOf(const DataImportCronSubject& subject, const Inventory& inventory,
                       SampleWriter& lines) {
  return VmIdentity(subject.key.space, "", inventory, lines);
}
template <>
std::string IdentityOf(const CustomSubject& subject, const Inventory& inventory,
                       SampleWriter& lines) {
  return VmIdentity(subject.key.space, inventory.NameOfVm(subject), inventory, lines);
}
template <>
std::string IdentityOf(const ProjectSubject& subject, const Inventory& inventory,
                       SampleWriter& lines) {
  std::string identity;
  const Symbol space(subject.key.name);
  lines.AppendLabel(identity, "workspace", inventory.WorkspaceOf(space).text());
  lines.AppendLabel(identity, "project", space.text());
  lines.AppendLabel(identity, "cluster", inventory.cluster());
  return identity;
}
template <>
std::string IdentityOf(const NodeSubject&, const Inventory& inventory, SampleWriter& lines) {
  return ClusterIdentity(inventory, lines);
}
template <>
std::string IdentityOf(const PlatformSubject&, const Inventory& inventory, SampleWriter& lines) {
  return ClusterIdentity(inventory, lines);
}
template <>
std::string IdentityOf(const ComponentSubject&, const Inventory& inventory, SampleWriter& lines) {
  return ClusterIdentity(inventory, lines);
}
template <>
std::string IdentityOf(const SourceSubject&, const Inventory& inventory, SampleWriter& lines) {
  return ClusterIdentity(inventory, lines);
}

std::vector<FamilyGroup> FamilyGroups() {
  return {Group<VmSubject>("virtualmachines"),
          Group<GuestSubject>("guests"),
          Group<MigrationSubject>("migrations"),
          Group<DataVolumeSubject>("datavolumes"),
          Group<ClaimSubject>("persistentvolumeclaims"),
          Group<DataImportCronSubject>("dataimportcrons"),
          GroupOf("customresources", CustomFamilies()),
          GroupOf("protection", ProtectionFamilies()),
          Group<ProjectSubject>("projects"),
          Group<NodeSubject>("nodes"),
          Group<PlatformSubject>("platforms"),
          Group<ComponentSubject>("components"),
          Group<SourceSubject>("sources")};
}

}  // namespace virtlens::exporter
