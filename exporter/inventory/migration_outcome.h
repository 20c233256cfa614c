// How a migration ended, in two closed sets made from KubeVirt's free text.
//
// "unset" (no phase) is not failed: KubeVirt has counted it so (kubevirt#14426), we do not.
//
// Thread contract: pure functions.
#pragma once

#include <compare>
#include <optional>

#include "exporter/rows/rows.h"

namespace virtlens::exporter {

struct MigrationResultSet {
  static constexpr auto kValues =
      std::to_array<std::string_view>({"", "succeeded", "failed", "aborted"});
};
using MigrationResult = OneOf<MigrationResultSet>;

struct MigrationReasonSet {
  static constexpr auto kValues = std::to_array<std::string_view>(
      {"", "quota", "target_pod", "unschedulable", "no_progress", "timeout", "source", "target",
       "connection", "vm_gone", "superseded"});
};
using MigrationReason = OneOf<MigrationReasonSet>;

struct MigrationOutcome {
  MigrationResult result;
  MigrationReason reason;  // empty unless failed
  auto operator<=>(const MigrationOutcome&) const = default;
};

// nullopt: not at its end. `event` is the text of its event FailedMigration, which counts where
// the object itself does not say why.
std::optional<MigrationOutcome> Outcome(const MigrationRow& migration, std::string_view event = {});

// Start and end of the copying; where KubeVirt kept none (it failed before, kubevirt#5503), the
// object's creation and the time of its last phase.
Micros MigrationStart(const MigrationRow& migration);
Micros MigrationEnd(const MigrationRow& migration);

}  // namespace virtlens::exporter
