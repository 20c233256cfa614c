// What virt-operator and cdi-operator would have installed: for API servers without them.
//
// Thread contract: pure functions.
#pragma once

#include <vector>

#include "sim/actor/objects.h"
#include "sim/actor/population.h"

namespace virtlens::sim::actor {

struct InstalledObject {
  OtherObject object;  // as it is created
  Json status;         // merged into its status afterwards (null: none)
};

// Namespaces, the KubeVirt and the CDI object, deployed and available.
std::vector<InstalledObject> PlatformObjects(std::string_view kubevirt_namespace, WallTime now);

}  // namespace virtlens::sim::actor
