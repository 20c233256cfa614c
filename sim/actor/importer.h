// CDI's data movers (importer, cloner, upload server) and the provisioner of volumes.
//
// Rules: what cdi-controller v1.65 reads of these Pods (pkg/controller/import-controller.go,
// parseTerminationMessage; the container's restartCount and states become the DataVolume's), and
// the external provisioner's contract: a PersistentVolume whose claimRef names the claim.
//
// Thread contract: pure functions.
#pragma once

#include "sim/actor/objects.h"

namespace virtlens::sim::actor {

inline constexpr std::string_view kProvisioner = "sim.virtlens.io/provisioner";

// A Pod that CDI made: label app=containerized-data-importer.
bool IsDataMover(const Json& pod);

// What becomes of a data mover that runs.
Decision DecideDataMover(const Json& pod, Behavior behavior, const Pace& pace, WallTime now);

// A volume for a claim that has none. `wait_for_consumer`: its class binds late and nothing uses
// it. The writes are empty when the claim is bound, going away, or not ours to provision.
Decision DecideClaim(const Json& claim, const Json* storage_class, bool wait_for_consumer,
                     const Pace& pace, WallTime now);

// Deletes a released volume of ours whose policy says so.
Decision DecideVolume(const Json& volume);

}  // namespace virtlens::sim::actor
