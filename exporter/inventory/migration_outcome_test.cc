#include "exporter/inventory/migration_outcome.h"

#include <gtest/gtest.h>

#include "exporter/inventory/testing/rows.h"

namespace virtlens::exporter {
namespace {

MigrationRow Failed(std::string_view text) {
  MigrationRow row = MigrationOf("web", "m", "shop", MigrationPhase::Of("Failed"));
  row.state =
      MigrationState{.start = 5 * kSecond, .failed = true, .failure_reason = std::string(text)};
  return row;
}

TEST(Outcome, AnUnfinishedMigrationHasNone) {
  EXPECT_FALSE(Outcome(MigrationOf("web", "m", "shop", {})));
  EXPECT_FALSE(Outcome(MigrationOf("web", "m", "shop", MigrationPhase::Of("Running"))));
}

TEST(Outcome, TextsOfKubeVirtFallIntoClosedReasons) {
  const std::pair<std::string_view, std::string_view> texts[] = {
      {"target pod shutdown during migration", "target_pod"},
      {"Live migration stuck for 152 seconds and has been aborted", "no_progress"},
      {"Live migration is not completed after 800 seconds and has been aborted", "timeout"},
      {"source node reported migration failed", "source"},
      {"VMI's node is unschedulable", "unschedulable"},
      {"", "other"},
      {"flux capacitor misaligned", "other"},
  };
  for (const auto& [text, reason] : texts) {
    const auto outcome = Outcome(Failed(text));
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->result.text(), "failed");
    EXPECT_EQ(outcome->reason.text(), reason) << text;
  }
}

TEST(Outcome, AnEventExplainsWhatTheObjectDoesNot) {
  const std::pair<std::string_view, std::string_view> texts[] = {
      {"Migration failed because vmi does not exist.", "vm_gone"},
      {"Migration failed vmi shutdown during migration.", "vm_gone"},
      {"Migration failed because target pod shutdown during migration", "target_pod"},
      {"Migration target pod was removed during active migration.", "target_pod"},
      {"Migration failed because target attachment pod shutdown during migration", "target_pod"},
      {"VMI is not eligible for migration because another migration job is in progress.",
       "superseded"},
      {"VMI's migration state was cleared during the active migration.", "other"},
      {"source node reported migration failed", "source"},
  };
  for (const auto& [text, reason] : texts) {
    EXPECT_EQ(Outcome(Failed(""), text)->reason.text(), reason) << text;
  }
  EXPECT_EQ(Outcome(Failed("flux capacitor misaligned"), "target pod")->reason.text(),
            "target_pod");
  EXPECT_EQ(Outcome(Failed("timed out"), "target pod")->reason.text(), "timeout")
      << "the object's own word counts first";
}

TEST(Outcome, AnAbortIsNoFailure) {
  MigrationRow row = Failed("Live migration aborted by user");
  row.state->abort_status = AbortStatus::Of("Succeeded");
  EXPECT_EQ(Outcome(row)->result.text(), "aborted");
  MigrationRow early = MigrationOf("web", "m", "shop", MigrationPhase::Of("Failed"));
  early.abort_requested = true;
  EXPECT_EQ(Outcome(early)->result.text(), "aborted");
}

TEST(Outcome, QuotaWinsOverTheText) {
  MigrationRow row = Failed("whatever");
  row.blocks = {MigrationBlock::Of("resource_quota")};
  EXPECT_EQ(Outcome(row)->reason.text(), "quota");
}

// kubevirt#5503: a migration may fail without ever having a migrationState.
TEST(MigrationTimes, FallBackToTheObjectsOwn) {
  MigrationRow row = MigrationOf("web", "m", "shop", MigrationPhase::Of("Failed"));
  row.transitions = {{MigrationPhase::Of("Pending"), 2 * kSecond},
                     {MigrationPhase::Of("Failed"), 9 * kSecond}};
  EXPECT_EQ(MigrationStart(row), row.meta.created);
  EXPECT_EQ(MigrationEnd(row), 9 * kSecond);
}

}  // namespace
}  // namespace virtlens::exporter
