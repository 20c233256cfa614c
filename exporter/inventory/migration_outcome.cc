#include "exporter/inventory/migration_outcome.h"

#include <algorithm>
#include <cctype>

namespace virtlens::exporter {
namespace {

// Words of failureReason and of events, first match wins. Sources: virt-handler's and
// virt-launcher's live-migration code and virt-controller's migration controller, KubeVirt 1.0 to
// 1.9.
struct Clue {
  std::string_view words;
  MigrationReason reason;
};
constexpr Clue kClues[] = {
    {"quota", MigrationReason::Of("quota")},
    {"not progress", MigrationReason::Of("no_progress")},
    {"stuck", MigrationReason::Of("no_progress")},
    {"not converg", MigrationReason::Of("no_progress")},
    {"unschedulable", MigrationReason::Of("unschedulable")},
    {"another migration job", MigrationReason::Of("superseded")},
    {"attachment pod", MigrationReason::Of("target_pod")},
    {"target pod", MigrationReason::Of("target_pod")},
    {"pending", MigrationReason::Of("unschedulable")},
    {"exceeded", MigrationReason::Of("timeout")},
    {"timed out", MigrationReason::Of("timeout")},
    {"timeout", MigrationReason::Of("timeout")},
    {"not completed after", MigrationReason::Of("timeout")},
    {"vmi does not exist", MigrationReason::Of("vm_gone")},
    {"vmi is not running", MigrationReason::Of("vm_gone")},
    {"shutdown", MigrationReason::Of("vm_gone")},
    {"connection", MigrationReason::Of("connection")},
    {"source node", MigrationReason::Of("source")},
    {"target node", MigrationReason::Of("target")},
};

MigrationReason ReasonIn(std::string_view words) {
  std::string text(words);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const Clue& clue : kClues) {
    if (text.find(clue.words) != std::string::npos) return clue.reason;
  }
  return MigrationReason::From("other");
}

MigrationReason Classify(const MigrationRow& migration, std::string_view event) {
  const auto quota = MigrationBlock::Of("resource_quota");
  if (std::binary_search(migration.blocks.begin(), migration.blocks.end(), quota)) {
    return MigrationReason::Of("quota");
  }
  const MigrationReason reason =
      ReasonIn(migration.state ? std::string_view(migration.state->failure_reason) : "");
  return reason.is_other() ? ReasonIn(event) : reason;
}

bool Aborted(const MigrationRow& migration) {
  const auto succeeded = AbortStatus::Of("Succeeded");
  if (migration.state && migration.state->abort_status.Is(succeeded)) return true;
  // Aborted before the copying began: KubeVirt sets no abortStatus then.
  return migration.abort_requested && (!migration.state || migration.state->start == 0);
}

Micros LastPhaseTime(const MigrationRow& migration) {
  Micros last = 0;
  for (const auto& [phase, at] : migration.transitions) last = std::max(last, at);
  return last;
}

}  // namespace

std::optional<MigrationOutcome> Outcome(const MigrationRow& migration, std::string_view event) {
  if (migration.phase.Is(MigrationPhase::Of("Succeeded"))) {
    return MigrationOutcome{MigrationResult::Of("succeeded"), {}};
  }
  if (!migration.phase.Is(MigrationPhase::Of("Failed"))) return std::nullopt;
  if (Aborted(migration)) return MigrationOutcome{MigrationResult::Of("aborted"), {}};
  return MigrationOutcome{MigrationResult::Of("failed"), Classify(migration, event)};
}

Micros MigrationStart(const MigrationRow& migration) {
  if (migration.state && migration.state->start != 0) return migration.state->start;
  return migration.meta.created;
}

Micros MigrationEnd(const MigrationRow& migration) {
  if (!Outcome(migration)) return 0;
  if (migration.state && migration.state->end != 0) return migration.state->end;
  return LastPhaseTime(migration);
}

}  // namespace virtlens::exporter
