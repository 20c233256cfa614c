// What happens to a cluster and when: a script of steps, by hand or by seed.
//
// Thread contract: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/actor/objects.h"
#include "sim/actor/population.h"

namespace virtlens::sim::actor {

enum class Action {
  kStart,  // runStrategy Always
  kStop,   // runStrategy Halted
  kCrash,  // the running guest crashes
  kAgentLost,
  kIoError,
  kRecover,      // takes the fault off the VMI
  kMigrate,      // creates `name` as a migration of `argument`; `behavior` decides how it ends
  kImport,       // creates a DataVolume; `behavior` decides how it goes
  kDelete,       // deletes the VM
  kCreate,       // creates `body`
  kMoveProject,  // labels the Namespace with workspace `argument`
};

struct ScenarioStep {
  Duration at{0};  // since the start, before `speed`
  Action action = Action::kStart;
  ObjectKey object;
  std::string argument;
  Behavior behavior = Behavior::kNone;
  Json body;
};

using Scenario = std::vector<ScenarioStep>;  // in order of `at`

// `per_second` steps on average until `duration`. The same arguments give the same script.
Scenario RandomScenario(std::uint64_t seed, const Population& population, Duration duration,
                        double per_second = 0.5);

// The writes that make a step happen.
std::vector<Write> WritesOf(const ScenarioStep& step);

}  // namespace virtlens::sim::actor
