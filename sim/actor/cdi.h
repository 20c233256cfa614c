// CDI and the volume binder, for API servers that have neither: DataVolume to claim, phases,
// progress, restarts and conditions.
//
// Rules: pkg/controller/datavolume of CDI v1.65 (phases, condition reasons, "N/A" progress);
// kubevirt.md section 2.
//
// Thread contract: pure functions.
#pragma once

#include "sim/actor/objects.h"

namespace virtlens::sim::actor {

struct DataVolumeContext {
  const Json* claim = nullptr;  // of the same name
  Behavior behavior = Behavior::kNone;
};

Decision DecideDataVolume(const Json& data_volume, const DataVolumeContext& context,
                          const Pace& pace, WallTime now);

// Binds a claim and gives it its capacity.
Decision BindClaim(const Json& claim, const Pace& pace, WallTime now);

}  // namespace virtlens::sim::actor
