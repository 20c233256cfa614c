#include <gtest/gtest.h>

#include <set>

#include "exporter/rows/closed_sets.h"

namespace virtlens::exporter {
namespace {

TEST(ClosedSet, KeepsWhatItKnows) {
  EXPECT_EQ(VmiPhase::From("Running").text(), "Running");
  EXPECT_EQ(VmiPhase::From("Running"), VmiPhase::Of("Running"));
  EXPECT_FALSE(VmiPhase::From("Running").is_other());
}

TEST(ClosedSet, NothingSaidIsEmpty) {
  EXPECT_TRUE(VmiPhase().empty());
  EXPECT_TRUE(VmiPhase::From("").empty());
  EXPECT_EQ(VmiPhase().text(), "");
}

TEST(ClosedSet, FreeTextBecomesOther) {
  const auto reason = VmConditionReason::From("server error. command SyncVMI failed: \"...\"");
  EXPECT_TRUE(reason.is_other());
  EXPECT_EQ(reason.text(), "other");
  EXPECT_FALSE(reason.empty());
}

template <class Set>
void ExpectDistinctValues() {
  const std::set<std::string_view> distinct(Set::kValues.begin(), Set::kValues.end());
  EXPECT_EQ(distinct.size(), Set::kValues.size());
  EXPECT_FALSE(distinct.contains("other"));
}

TEST(ClosedSet, NoValueIsListedTwice) {
  ExpectDistinctValues<PrintableStatusSet>();
  ExpectDistinctValues<VmConditionSet>();
  ExpectDistinctValues<VmConditionReasonSet>();
  ExpectDistinctValues<DataVolumePhaseSet>();
  ExpectDistinctValues<DataVolumeConditionReasonSet>();
  ExpectDistinctValues<PlatformConditionReasonSet>();
  ExpectDistinctValues<DataImportCronConditionReasonSet>();
  ExpectDistinctValues<VolumeSourceSet>();
}

TEST(ClosedSet, UpstreamCountsHold) {
  EXPECT_EQ(PrintableStatusSet::kValues.size(), 1U + 17U);
  EXPECT_EQ(DataVolumePhaseSet::kValues.size(), 1U + 22U);  // 23 with the unset phase
  EXPECT_EQ(MigrationPhaseSet::kValues.size(), 1U + 10U);
}

}  // namespace
}  // namespace virtlens::exporter
