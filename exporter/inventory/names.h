// Which name a VM goes by: its user CR's where that is unambiguous, else its own.
//
// A label set must name one VM. So a claimed name (of the owning VirtualMachine, Wukong or Machine)
// is given only when no other VM of the namespace has it as its own name and no other claims it;
// otherwise the VM keeps KubeVirt's name, which is unique in its namespace. The rule depends only
// on which VMs exist, not on the order in which they came.
//
// Thread contract: none of its own; the Store's lock guards it.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "exporter/rows/rows.h"

namespace virtlens::exporter {

class Names {
 public:
  // The VM exists and claims `claim` ("" for none). Returns the keys (this one among them) whose
  // name may have changed.
  std::vector<ObjectKey> Set(const ObjectKey& vm, std::string_view claim);
  std::vector<ObjectKey> Remove(const ObjectKey& vm);

  std::string_view NameOf(const ObjectKey& vm) const;
  // What the VM claims; "" for nothing.
  std::string_view ClaimOf(const ObjectKey& vm) const;
  // The VM that claims this name, when it alone does; "" otherwise.
  std::string_view SoleClaimant(const ObjectKey& claim) const;

 private:
  std::vector<ObjectKey> Touched(const ObjectKey& vm, std::string_view before,
                                 std::string_view after) const;

  std::unordered_map<ObjectKey, std::string, ObjectKeyHash> claims_;  // VM -> claim
  std::unordered_map<ObjectKey, std::vector<std::string>, ObjectKeyHash>
      claimants_;  // claim -> VMs
};

}  // namespace virtlens::exporter
