#include "exporter/decode/custom.h"

#include <gtest/gtest.h>

#include "exporter/decode/decode.h"

namespace virtlens::exporter {
namespace {

KindSpec Rack() {
  KindSpec kind;
  kind.group = "example.io";
  kind.plural = "racks";
  kind.kind = "Rack";
  kind.fields = {{Field::kPhase, ".status.phase"},
                 {Field::kPhase, ".status.state"},
                 {Field::kReady, ".status.ready"},
                 {Field::kError, ".status.error.message"},
                 {Field::kFinished, ".status.at"},
                 {Field::kDiskRequested, ".spec.disks[*].size"},
                 {Field::kDiskRequested, ".spec.disks[*].sizeGB", 1e9},
                 {Field::kDisksWanted, ".spec.disks[*]"},
                 {Field::kDisksBound, ".status.disks[*].bound"},
                 {Field::kPowerWanted, ".spec.power"}};
  kind.labels = {{"site", ".metadata.labels['example.io/site']"}, {"row", ".spec.row"}};
  return kind;
}

class CustomDecode : public testing::Test {
 protected:
  Result<CustomRow> Decode(const std::string& parts) {
    return Raw(R"({"apiVersion":"example.io/v3","kind":"Rack","metadata":{"name":"r1"})" +
               (parts.empty() ? "" : "," + parts) + "}");
  }
  Result<CustomRow> Raw(const std::string& json) {
    const PaddedObject object(json);
    return decoder_.Custom(kind_, object.view());
  }
  CustomRow Row(const std::string& parts) {
    auto row = Decode(parts);
    EXPECT_TRUE(row) << row.error().message;
    return row ? std::move(*row) : CustomRow{};
  }
  std::string Phase(const std::string& phase) {
    return std::string(Row(R"("status":{"phase":")" + phase + "\"}").phase.text());
  }

  std::shared_ptr<const KindSpec> kind_ = std::make_shared<const KindSpec>(Rack());
  Decoder decoder_;
};

TEST_F(CustomDecode, PicksWhatThePathsLeadTo) {
  const auto row = Raw(R"({"apiVersion":"example.io/v3","kind":"Rack",
    "metadata":{"name":"r1","namespace":"dc","uid":"u","creationTimestamp":"1970-01-01T00:00:01Z",
      "finalizers":["a","b"],"labels":{"example.io/site":"north","other":"x"},
      "ownerReferences":[{"apiVersion":"v1","kind":"Hall","name":"h1"},
                         {"apiVersion":"v1","kind":"Row","name":"w1","controller":true}]},
    "spec":{"disks":[{"size":"1Gi"},{"sizeGB":2},{"size":"3"}],"row":7,"power":"Always"},
    "status":{"phase":"Ready","ready":true,"at":"1970-01-01T00:00:05Z",
      "disks":[{"bound":true},{"bound":false},{"bound":true}],
      "conditions":[{"type":"Ok","status":"True","lastTransitionTime":"1970-01-01T00:00:02Z"}]}})");
  ASSERT_TRUE(row) << row.error().message;
  EXPECT_EQ(row->meta.key.name, "r1");
  EXPECT_EQ(row->meta.created, 1'000'000);
  EXPECT_EQ(row->version, "v3");
  EXPECT_EQ(row->finalizers, 2);
  EXPECT_EQ(row->owner_kind, "Row");
  EXPECT_EQ(row->owner_name, "w1");
  EXPECT_EQ(row->phase, "Ready");
  EXPECT_EQ(row->Ready(), true);
  EXPECT_EQ(row->Finished(), 5'000'000);
  EXPECT_EQ(row->Number(Field::kDiskRequested), 1024.0 * 1024 * 1024 + 2e9 + 3);
  EXPECT_EQ(row->Number(Field::kDisksWanted), 3);
  EXPECT_EQ(row->Number(Field::kDisksBound), 2);
  EXPECT_EQ(row->Text(Field::kPowerWanted), "Running");
  EXPECT_EQ(row->labels, (std::vector<std::string>{"north", "7"}));
  ASSERT_EQ(row->conditions.size(), 1U);
  EXPECT_EQ(row->conditions[0].type, "Ok");
  EXPECT_EQ(row->conditions[0].transition, 2'000'000);
}

TEST_F(CustomDecode, TheFirstPathThatHoldsSomethingCounts) {
  EXPECT_EQ(Row(R"("status":{"state":"B","phase":"A"})").phase, "A");
  EXPECT_EQ(Row(R"("status":{"state":"B","phase":""})").phase, "B");
  EXPECT_EQ(Row(R"("status":{"state":"B","phase":null})").phase, "B");
}

TEST_F(CustomDecode, AnEmptyListCountsNothingAndAMissingOneDoesNotCount) {
  EXPECT_EQ(Row(R"("spec":{"disks":[]})").Number(Field::kDisksWanted), 0);
  EXPECT_EQ(Row(R"("status":{"disks":[]})").Number(Field::kDisksBound), 0);
  EXPECT_EQ(Row(R"("spec":{})").Number(Field::kDisksWanted), std::nullopt);
  EXPECT_EQ(Row(R"("spec":{"disks":[null,{}]})").Number(Field::kDisksWanted), 1);
}

TEST_F(CustomDecode, OddTypesAreMissingValues) {
  for (const char* parts :
       {R"("status":7)", R"("status":[])", R"("status":"x","spec":true)",
        R"("status":{"phase":{"a":1},"ready":"yes","at":7,"error":[],"conditions":{}})",
        R"("status":{"phase":[1],"at":"soon","conditions":[1,"x",null,{"type":5e400},{}]})",
        R"("spec":{"disks":{"a":1},"power":{}})", R"("spec":{"disks":["a"],"row":[]})"}) {
    const auto row = Decode(parts);
    ASSERT_TRUE(row) << parts << ": " << row.error().message;
    EXPECT_TRUE(row->phase.empty()) << parts;
    EXPECT_EQ(row->Ready(), std::nullopt) << parts;
    EXPECT_EQ(row->Finished(), 0) << parts;
    EXPECT_EQ(row->conditions.size(), 0U) << parts;
    EXPECT_EQ(row->Number(Field::kDiskRequested), std::nullopt) << parts;
  }
}

TEST_F(CustomDecode, QuantitiesThatAreNoneDoNotCount) {
  const CustomRow row =
      Row(R"("spec":{"disks":[{"size":"-1Gi"},{"size":"big"},{"size":"5"},{"size":true}]})");
  EXPECT_EQ(row.Number(Field::kDiskRequested), 5);
  EXPECT_EQ(row.Number(Field::kDisksWanted), 4);
}

TEST_F(CustomDecode, MetadataMustBeWhatItIsEverywhere) {
  EXPECT_EQ(Raw(R"({"metadata":{"namespace":"a"}})").error().message, "metadata.name: missing");
  EXPECT_EQ(Raw(R"({"metadata":{"name":7}})").error().message, "metadata.name: expected a string");
  EXPECT_FALSE(Raw("[]"));
  EXPECT_FALSE(Raw("{"));
}

TEST_F(CustomDecode, AGivenSetIsClosed) {
  KindSpec spec = Rack();
  spec.phases = {"Up"};
  spec.condition_types = {"Ok"};
  kind_ = std::make_shared<const KindSpec>(spec);
  EXPECT_EQ(Phase("Up"), "Up");
  EXPECT_EQ(Phase("Sideways"), "other");
  const CustomRow row = Row(
      R"("status":{"conditions":[{"type":"x","status":"True"},{"type":"Ok","status":"False"},
          {"type":"y","status":"False"}]})");
  ASSERT_EQ(row.conditions.size(), 2U) << "two outside the set are one";
  EXPECT_EQ(row.conditions[0].type, "other");
  EXPECT_EQ(row.conditions[0].status, ConditionStatus::Of("True"));
  EXPECT_EQ(row.conditions[1].type, "Ok");
}

TEST_F(CustomDecode, AnOpenSetTakesThirtyTwoShortWords) {
  EXPECT_EQ(Phase(std::string(kMaxWordBytes + 1, 'x')), "other");
  for (std::size_t i = 0; i < kMaxLearnedWords; ++i) {
    EXPECT_EQ(Phase("p" + std::to_string(i)), "p" + std::to_string(i));
  }
  EXPECT_EQ(Phase("one-more"), "other");
  EXPECT_EQ(Phase("p0"), "p0") << "known words stay";
}

TEST_F(CustomDecode, LongTextsAreCutBetweenCharacters) {
  std::string row = "x";  // so that the limit falls into a character
  while (row.size() < 3 * kMaxCustomTextBytes) row += "\xC3\xA4";
  const CustomRow read = Row(R"("spec":{"row":")" + row + "\"}");
  EXPECT_EQ(read.labels[1].size(), kMaxCustomTextBytes - 1);
  EXPECT_EQ(read.labels[1], row.substr(0, kMaxCustomTextBytes - 1));
}

TEST_F(CustomDecode, AFailureNamesItsTextForTheLog) {
  KindSpec spec = Rack();
  spec.failures = {"Failure"};
  kind_ = std::make_shared<const KindSpec>(spec);
  const CustomRow row =
      Row(R"("status":{"conditions":[{"type":"Failure","status":"True","message":"no space"}]})");
  EXPECT_TRUE(row.Failed());
  EXPECT_EQ(row.Text(Field::kError), "no space");
  EXPECT_FALSE(Row(R"("status":{"conditions":[{"type":"Failure","status":"False","message":"x"}]})")
                   .Failed());
}

TEST_F(CustomDecode, ObjectsDoNotLeakIntoEachOther) {
  Row(R"("spec":{"disks":[{"size":"1Gi"}],"row":"a"},"status":{"error":{"message":"e"}})");
  const CustomRow row = Row("");
  EXPECT_TRUE(row.texts.empty());
  EXPECT_TRUE(row.numbers.empty());
  EXPECT_EQ(row.labels, (std::vector<std::string>{"", ""}));
}

}  // namespace
}  // namespace virtlens::exporter
