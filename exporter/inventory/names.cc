#include "exporter/inventory/names.h"

#include <algorithm>

namespace virtlens::exporter {

std::vector<ObjectKey> Names::Set(const ObjectKey& vm, std::string_view claim) {
  const auto [position, inserted] = claims_.try_emplace(vm);
  std::string& current = position->second;
  if (!inserted && current == claim) return {};
  const std::string before = current;
  if (!before.empty()) {
    auto& others = claimants_[ObjectKey{vm.space, before}];
    std::erase(others, vm.name);
    if (others.empty()) claimants_.erase(ObjectKey{vm.space, before});
  }
  current = claim;
  if (!current.empty()) claimants_[ObjectKey{vm.space, current}].push_back(vm.name);
  return Touched(vm, before, claim);
}

std::vector<ObjectKey> Names::Remove(const ObjectKey& vm) {
  if (!claims_.contains(vm)) return {};
  const std::string before = claims_[vm];
  std::vector<ObjectKey> touched = Set(vm, "");
  claims_.erase(vm);
  if (touched.empty()) touched = Touched(vm, before, "");
  std::erase(touched, vm);
  return touched;
}

std::string_view Names::NameOf(const ObjectKey& vm) const {
  const auto found = claims_.find(vm);
  if (found == claims_.end() || found->second.empty()) return vm.name;
  const ObjectKey claimed{vm.space, found->second};
  if (claims_.contains(claimed)) return vm.name;
  const auto claimants = claimants_.find(claimed);
  const bool alone = claimants != claimants_.end() && claimants->second.size() == 1;
  return alone ? std::string_view(found->second) : std::string_view(vm.name);
}

std::string_view Names::ClaimOf(const ObjectKey& vm) const {
  const auto found = claims_.find(vm);
  return found == claims_.end() ? std::string_view() : std::string_view(found->second);
}

std::string_view Names::SoleClaimant(const ObjectKey& claim) const {
  const auto found = claimants_.find(claim);
  if (found == claimants_.end() || found->second.size() != 1) return {};
  return found->second.front();
}

std::vector<ObjectKey> Names::Touched(const ObjectKey& vm, std::string_view before,
                                      std::string_view after) const {
  std::vector<ObjectKey> touched{vm};
  for (const std::string_view name : {std::string_view(vm.name), before, after}) {
    const auto found = claimants_.find(ObjectKey{vm.space, std::string(name)});
    if (name.empty() || found == claimants_.end()) continue;
    for (const std::string& other : found->second) {
      const ObjectKey key{vm.space, other};
      if (std::find(touched.begin(), touched.end(), key) == touched.end()) touched.push_back(key);
    }
  }
  return touched;
}

}  // namespace virtlens::exporter
