// What components say of VMs and of themselves: whose word counts, and what a new page changes.

#include <algorithm>

#include "exporter/inventory/inventory.h"

namespace virtlens::exporter {
namespace {

auto Place(std::vector<SampledPart>& parts, const TargetKey& target) {
  return std::lower_bound(
      parts.begin(), parts.end(), target,
      [](const SampledPart& part, const TargetKey& wanted) { return part.target < wanted; });
}

// The rows in which two pages differ.
FieldMask ChangedRows(const std::vector<ComponentSample>& before,
                      const std::vector<ComponentSample>& after) {
  FieldMask changed = 0;
  auto left = before.begin();
  auto right = after.begin();
  while (left != before.end() || right != after.end()) {
    if (left != before.end() && right != after.end() && left->row == right->row) {
      if (!(*left == *right)) changed |= FieldOfRow(left->row);
      ++left;
      ++right;
    } else if (right == after.end() || (left != before.end() && left->row < right->row)) {
      changed |= FieldOfRow((left++)->row);
    } else {
      changed |= FieldOfRow((right++)->row);
    }
  }
  return changed;
}

template <class Subject>
void Put(LeafTable<Subject>& table, Subject& subject, const TargetKey& target,
         std::vector<ComponentSample> samples, Micros now) {
  const auto place = Place(subject.parts, target);
  if (place == subject.parts.end() || place->target != target) {
    // Whose word counts may change for every row.
    subject.parts.insert(place, SampledPart{target, now, std::move(samples)});
    table.Mark(subject.key, kAllFields);
    return;
  }
  table.Mark(subject.key, ChangedRows(place->samples, samples));
  place->samples = std::move(samples);
}

template <class Subject>
void TakeAway(LeafTable<Subject>& table, const ObjectKey& key, const TargetKey& target) {
  Subject* const subject = table.Find(key);
  if (subject == nullptr) return;
  std::erase_if(subject->parts, [&](const SampledPart& part) { return part.target == target; });
  table.Mark(key, kAllFields);
  if (subject->parts.empty()) table.Erase(key);
}

ObjectKey KeyOfComponent(const TargetKey& target) {
  return ObjectKey{Symbol(), std::string(ComponentName(target.component))};
}

}  // namespace

const SampledPart* ChosenPart(const std::vector<SampledPart>& parts, Component component,
                              const Symbol& node) {
  const bool per_node = component == Component::kVirtHandler || component == Component::kVmStats ||
                        component == Component::kLatencyExporter;
  const SampledPart* chosen = nullptr;
  for (const SampledPart& part : parts) {
    if (part.target.component != component) continue;
    if (per_node && node == part.target.name) return &part;
    if (chosen == nullptr || part.since >= chosen->since) chosen = &part;
  }
  return chosen;
}

void Inventory::SettleGuest(const ObjectKey& vm) {
  GuestSubject* const guest = guests.Find(vm);
  if (guest == nullptr) return;
  const VmSubject* const subject = vms.Find(vm);
  const bool known = subject != nullptr;
  const Symbol node = known && subject->vmi ? subject->vmi->node : Symbol();
  if (known == guest->known && node == guest->node) return;
  guest->known = known;
  guest->node = node;
  guests.Mark(vm, kAllFields);
}

void Inventory::PutPart(const TargetKey& target, SubjectSamples samples, Micros now) {
  if (samples.key.name.empty()) {
    Put(components, components.FindOrInsert(KeyOfComponent(target)), target,
        std::move(samples.samples), now);
    return;
  }
  GuestSubject& guest = guests.FindOrInsert(samples.key);
  Put(guests, guest, target, std::move(samples.samples), now);
  if (guest.parts.size() == 1) SettleGuest(guest.key);
}

void Inventory::RemovePart(const TargetKey& target, const ObjectKey& key) {
  if (key.name.empty()) {
    TakeAway(components, KeyOfComponent(target), target);
  } else {
    TakeAway(guests, key, target);
  }
}

void Inventory::ReplaceSamples(const TargetKey& target, TargetSamples samples, Micros now) {
  if (target.component == Component::kCdiImporter) return ReplaceTransfer(target, samples);
  std::vector<ObjectKey> reported;
  reported.reserve(samples.subjects.size());
  for (const SubjectSamples& subject : samples.subjects) reported.push_back(subject.key);
  std::vector<ObjectKey>& before = reported_by_[target];
  for (const ObjectKey& key : before) {
    if (!std::binary_search(reported.begin(), reported.end(), key)) RemovePart(target, key);
  }
  before = std::move(reported);
  for (SubjectSamples& subject : samples.subjects) PutPart(target, std::move(subject), now);
}

void Inventory::DropSamples(const TargetKey& target, Micros now) {
  ReplaceSamples(target, {}, now);
  reported_by_.erase(target);
}

}  // namespace virtlens::exporter
