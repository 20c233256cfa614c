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

// The ConfigMap by which KubeVirt publishes the authority of its components' certificates.
OtherObject MakeCaConfigMap(std::string_view kubevirt_namespace, std::string_view ca_pem);

// Namespaces, the KubeVirt and the CDI object, deployed and available.
std::vector<InstalledObject> PlatformObjects(std::string_view kubevirt_namespace, WallTime now);

}  // namespace virtlens::sim::actor
