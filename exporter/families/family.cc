#include "exporter/families/family.h"

#include <algorithm>
#include <cassert>
#include <vector>

#include "exporter/families/custom_families.h"

namespace virtlens::exporter {
namespace {

constexpr std::array<std::string_view, 4> kVmLabels = {"workspace", "project", "cluster",
                                                       "vm_name"};

IdentityText ProjectIdentity(const Symbol& space, const Inventory& inventory, SampleWriter& lines) {
  IdentityText identity;
  lines.AppendLabel(identity.text, "workspace", inventory.WorkspaceOf(space).text());
  lines.AppendLabel(identity.text, "project", space.text());
  lines.AppendLabel(identity.text, "cluster", inventory.cluster());
  identity.plain_size = identity.text.size();
  return identity;
}

// `vm_ref`: KubeVirt's name of the VM whose labels it shows, "" for none.
IdentityText VmIdentity(const Symbol& space, std::string_view vm_name, std::string_view vm_ref,
                        const Inventory& inventory, SampleWriter& lines) {
  IdentityText identity = ProjectIdentity(space, inventory, lines);
  lines.AppendLabel(identity.text, "vm_name", vm_name);
  identity.plain_size = identity.text.size();
  if (!inventory.labels_on_every_series()) return identity;
  const VmSubject* vm = inventory.vms.Find(ObjectKey{space, std::string(vm_ref)});
  inventory.ForEachLabel(space, vm, [&](const Symbol& name, const Symbol& value) {
    lines.AppendLabel(identity.text, name.text(), value.text());
  });
  return identity;
}

IdentityText ClusterIdentity(const Inventory& inventory, SampleWriter& lines) {
  IdentityText identity;
  lines.AppendLabel(identity.text, "cluster", inventory.cluster());
  identity.plain_size = identity.text.size();
  return identity;
}

template <class Subject>
IdentityText DependentIdentity(const Subject& subject, const Inventory& inventory,
                               SampleWriter& lines) {
  const Symbol& space = subject.key.space;
  return VmIdentity(space, inventory.NameOfVm(space, subject.vm_ref), subject.vm_ref, inventory,
                    lines);
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

std::string_view IdentityText::For(const FamilyInfo& info) const {
  const bool shows_labels = std::any_of(info.labels.span().begin(), info.labels.span().end(),
                                        [](std::string_view name) { return name.ends_with('*'); });
  return shows_labels ? std::string_view(text).substr(0, plain_size) : std::string_view(text);
}

template <>
IdentityText IdentityOf(const VmSubject& subject, const Inventory& inventory, SampleWriter& lines) {
  return VmIdentity(subject.key.space, subject.vm_name, subject.key.name, inventory, lines);
}
template <>
IdentityText IdentityOf(const GuestSubject& subject, const Inventory& inventory,
                        SampleWriter& lines) {
  return VmIdentity(subject.key.space, inventory.NameOfVm(subject.key.space, subject.key.name),
                    subject.key.name, inventory, lines);
}
template <>
IdentityText IdentityOf(const MigrationSubject& subject, const Inventory& inventory,
                        SampleWriter& lines) {
  return DependentIdentity(subject, inventory, lines);
}
template <>
IdentityText IdentityOf(const DataVolumeSubject& subject, const Inventory& inventory,
                        SampleWriter& lines) {
  return DependentIdentity(subject, inventory, lines);
}
template <>
IdentityText IdentityOf(const ClaimSubject& subject, const Inventory& inventory,
                        SampleWriter& lines) {
  return DependentIdentity(subject, inventory, lines);
}
template <>
IdentityText IdentityOf(const LauncherSubject& subject, const Inventory& inventory,
                        SampleWriter& lines) {
  return DependentIdentity(subject, inventory, lines);
}
template <>
IdentityText IdentityOf(const DataImportCronSubject& subject, const Inventory& inventory,
                        SampleWriter& lines) {
  return VmIdentity(subject.key.space, "", "", inventory, lines);
}
template <>
IdentityText IdentityOf(const CustomSubject& subject, const Inventory& inventory,
                        SampleWriter& lines) {
  const Symbol& space = subject.key.space;
  return VmIdentity(space, inventory.NameOfVm(subject), subject.vm_ref, inventory, lines);
}
template <>
IdentityText IdentityOf(const QuotaSubject& subject, const Inventory& inventory,
                        SampleWriter& lines) {
  return ProjectIdentity(subject.key.space, inventory, lines);
}
template <>
IdentityText IdentityOf(const ProjectSubject& subject, const Inventory& inventory,
                        SampleWriter& lines) {
  return ProjectIdentity(Symbol(subject.key.name), inventory, lines);
}
template <>
IdentityText IdentityOf(const NodeSubject&, const Inventory& inventory, SampleWriter& lines) {
  return ClusterIdentity(inventory, lines);
}
template <>
IdentityText IdentityOf(const PlatformSubject&, const Inventory& inventory, SampleWriter& lines) {
  return ClusterIdentity(inventory, lines);
}
template <>
IdentityText IdentityOf(const ComponentSubject&, const Inventory& inventory, SampleWriter& lines) {
  return ClusterIdentity(inventory, lines);
}
template <>
IdentityText IdentityOf(const SourceSubject&, const Inventory& inventory, SampleWriter& lines) {
  return ClusterIdentity(inventory, lines);
}

std::vector<FamilyGroup> FamilyGroups() {
  return {Group<VmSubject>("virtualmachines"),
          Group<GuestSubject>("guests"),
          Group<MigrationSubject>("migrations"),
          Group<DataVolumeSubject>("datavolumes"),
          Group<ClaimSubject>("persistentvolumeclaims"),
          Group<LauncherSubject>("pods"),
          Group<DataImportCronSubject>("dataimportcrons"),
          GroupOf("customresources", CustomFamilies()),
          GroupOf("protection", ProtectionFamilies()),
          Group<ProjectSubject>("projects"),
          Group<QuotaSubject>("quotas"),
          Group<NodeSubject>("nodes"),
          Group<PlatformSubject>("platforms"),
          Group<ComponentSubject>("components"),
          Group<SourceSubject>("sources")};
}

}  // namespace virtlens::exporter
