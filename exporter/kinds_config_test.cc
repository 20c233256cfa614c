#include "exporter/kinds_config.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "exporter/decode/path.h"
#include "exporter/options.h"

namespace virtlens::exporter {
namespace {

Result<Options> Read(const std::string& content) {
  Options options;
  VIRTLENS_CHECK(ApplyConfig("v.yaml", content, {}, options));
  return options;
}

std::string ErrorOf(const std::string& content) {
  const auto read = Read(content);
  return read ? "" : read.error().message;
}

// An entry with these lines besides what must be there; they begin in line 5.
std::string With(const std::string& lines) {
  return "custom_resources:\n- group: example.io\n  plural: racks\n  kind: Rack\n" + lines;
}

TEST(KindsConfig, AKindIsReadWhole) {
  const auto read =
      Read(With("  versions: [v2, v1]\n  phase: .status.state\n  phases: [Up, Down]\n"
                "  failures: [Down]\n  conditions: .status.checks\n  owner: .spec.vm\n"
                "  labels: {site: \".metadata.labels['example.io/site']\", row: .spec.row}\n"));
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->custom_resources.size(), 1U);
  const KindSpec& kind = read->custom_resources.front();
  EXPECT_EQ(kind.QualifiedName(), "racks.example.io");
  EXPECT_EQ(kind.kind, "Rack");
  EXPECT_EQ(kind.versions, (std::vector<std::string>{"v2", "v1"}));
  EXPECT_EQ(kind.phases, (std::vector<std::string>{"Up", "Down"}));
  EXPECT_EQ(kind.failures, (std::vector<std::string>{"Down"}));
  EXPECT_EQ(kind.conditions, ".status.checks");
  ASSERT_EQ(kind.fields.size(), 2U);
  EXPECT_EQ(kind.fields[0].field, Field::kPhase);
  EXPECT_EQ(kind.fields[0].path, ".status.state");
  EXPECT_EQ(kind.fields[1].field, Field::kUserVm);
  ASSERT_EQ(kind.labels.size(), 2U);
  EXPECT_EQ(kind.labels[0].first, "site");
  EXPECT_EQ(kind.labels[1].second, ".spec.row");
}

TEST(KindsConfig, ErrorsNameFileLineAndRemedy) {
  const std::string at5 = "v.yaml:5: custom_resources: ";
  EXPECT_EQ(ErrorOf(With("  phas: .status.phase\n")),
            at5 + "unknown key \"phas\"; did you mean \"phase\"?");
  EXPECT_EQ(ErrorOf(With("  phase: status.phase\n")),
            at5 + "path \"status.phase\": a path begins with . at byte 1");
  EXPECT_EQ(ErrorOf(With("  phase: .a[0]\n")),
            at5 + "path \".a[0]\": after [ comes * or a name in quotes at byte 3");
  EXPECT_EQ(ErrorOf(With("  phases: Up\n")), at5 + "phases is a list of at most 64 words");
  EXPECT_EQ(ErrorOf(With("  phase: [a]\n")), at5 + "phase is one word");
  EXPECT_EQ(ErrorOf(With("  labels: {a-b: .x}\n")),
            at5 + "a label's name is letters, digits and _");
  EXPECT_EQ(ErrorOf(With("  labels: {uid: .metadata.uid}\n")),
            at5 +
                "path \".metadata.uid\": of metadata only .metadata.labels and "
                ".metadata.annotations");
}

TEST(KindsConfig, WhatMakesAKindMustBeThere) {
  const std::string at = "v.yaml:2: custom_resources: ";
  EXPECT_EQ(ErrorOf("custom_resources:\n- {plural: racks, kind: Rack}\n"),
            at + "group is a name like example.io");
  EXPECT_EQ(ErrorOf("custom_resources:\n- {group: a.io, kind: Rack}\n"),
            at + "plural is a name like racks");
  EXPECT_EQ(ErrorOf("custom_resources:\n- {group: a.io, plural: racks}\n"),
            at + "kind is a name like Rack");
  EXPECT_EQ(ErrorOf("custom_resources:\n- {group: kubevirt.io, plural: x, kind: X}\n"),
            at + "kinds of kubevirt.io are read anyway");
  EXPECT_EQ(ErrorOf("custom_resources:\n- racks\n"), at + "a kind is keys and values");
  EXPECT_EQ(ErrorOf("custom_resources: racks\n"),
            "v.yaml:1: custom_resources: a list of at most 100 kinds");
}

TEST(KindsConfig, AResourceStandsOnce) {
  const std::string rack = "- {group: a.io, plural: racks, kind: Rack}\n";
  EXPECT_EQ(ErrorOf("custom_resources:\n" + rack + rack),
            "v.yaml:3: custom_resources: racks.a.io stands twice");
}

TEST(KindsConfig, AConfiguredKindReplacesTheBuiltInOne) {
  const auto read = Read(
      "custom_resources:\n- {group: vm.novasphere.dev, plural: wukongs, kind: Wukong, "
      "phase: .status.other}\n");
  ASSERT_TRUE(read) << read.error().message;
  const KindList kinds = KindsWith(read->custom_resources);
  EXPECT_EQ(kinds.size(), BuiltinKinds().size());
  const auto wukong = FindKind(kinds, "vm.novasphere.dev", "Wukong");
  ASSERT_EQ(wukong->fields.size(), 1U);
  EXPECT_EQ(wukong->fields[0].path, ".status.other");
  EXPECT_TRUE(wukong->is_vm) << "its name is still what its VM goes by";
}

TEST(BuiltinKinds, EveryPathIsOneAndEveryResourceStandsOnce) {
  std::set<std::string> names;
  for (const auto& kind : BuiltinKinds()) {
    EXPECT_TRUE(names.insert(kind->QualifiedName()).second) << kind->QualifiedName();
    EXPECT_TRUE(ParsePath(kind->conditions));
    for (const FieldPath& field : kind->fields) {
      EXPECT_TRUE(ParsePath(field.path)) << field.path;
      // Of metadata a reader of custom resources sees no more.
      EXPECT_TRUE(!field.path.starts_with(".metadata.") ||
                  field.path.starts_with(".metadata.labels") ||
                  field.path.starts_with(".metadata.annotations"))
          << field.path;
    }
    EXPECT_FALSE(kind->condition_types.empty()) << kind->QualifiedName();
    const bool has_phase = std::any_of(kind->fields.begin(), kind->fields.end(),
                                       [](const auto& f) { return f.field == Field::kPhase; });
    EXPECT_EQ(has_phase, !kind->phases.empty()) << kind->QualifiedName();
  }
}

}  // namespace
}  // namespace virtlens::exporter
