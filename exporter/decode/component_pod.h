// JSON of a Pod of KubeVirt or CDI -> what discovery needs to scrape it.
//
// Input and errors as of decode.h. Sources: KubeVirt v1.7
// pkg/virt-operator/resource/generate/components, CDI v1.65 pkg/operator/resources.
//
// Thread contract: DecodeComponentPod may be called from any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "exporter/rows/rows.h"

namespace virtlens::exporter {

struct ComponentPodRow {
  Metadata meta;
  std::string kubevirt_component;  // label kubevirt.io: "virt-handler"
  std::string cdi_component;       // label cdi.kubevirt.io: "cdi-deployment", "importer"
  std::string node;
  std::string address;   // status.podIP
  int metrics_port = 0;  // the container port named "metrics"; 0: none
  int vmstats_port = 0;  // of a virt-handler, the one named "vmstats"; 0: none
  bool running = false;  // status.phase
  bool operator==(const ComponentPodRow&) const = default;
};

Result<ComponentPodRow> DecodeComponentPod(std::string_view object);

}  // namespace virtlens::exporter
