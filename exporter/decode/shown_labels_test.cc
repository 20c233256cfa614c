#include "exporter/decode/shown_labels.h"

#include <gtest/gtest.h>

#include "base/log.h"
#include "exporter/decode/decode.h"

namespace virtlens::exporter {
namespace {

constexpr const char* kConflicting =
    R"({"metadata":{"namespace":"web","name":"shop","labels":
        {"a/b":"slash","a_b":"plain","a.b":"dot","a_b_conflict2":"word","other":"x"}}})";

LabelList LabelsOf(const std::string& json, const std::vector<std::string>& keys) {
  Decoder decoder({.shown = {.vm_labels = keys}});
  const PaddedObject object(json);
  const auto row = decoder.Vm(object.view());
  EXPECT_TRUE(row);
  return row->labels;
}

std::string Lines(const LabelList& labels) {
  std::string lines;
  for (const auto& [name, value] : labels) {
    lines += std::string(name.text()) + "=" + std::string(value.text()) + "\n";
  }
  return lines;
}

TEST(LabelChoice, TakesKeysAndBeginningsOfKeys) {
  const LabelChoice choice("label_", {"team", "example.io/*"});
  EXPECT_TRUE(choice.Takes("team"));
  EXPECT_FALSE(choice.Takes("teams"));
  EXPECT_TRUE(choice.Takes("example.io/site"));
  EXPECT_FALSE(choice.Takes("example.ioo"));
  EXPECT_TRUE(LabelChoice("label_", {"*"}).Takes("anything"));
  EXPECT_FALSE(LabelChoice("label_", {}).Takes("anything"));
}

TEST(ShownLabels, OfKeysThatMeetTheFirstInOrderKeepsTheName) {
  const std::string expected =
      "label_a_b=dot\n"
      "label_a_b_conflict2=slash\n"
      "label_a_b_conflict3=plain\n"
      "label_a_b_conflict2_conflict2=word\n";
  EXPECT_EQ(Lines(LabelsOf(kConflicting, {"a*"})), expected);
  const std::string turned =
      R"({"metadata":{"namespace":"web","name":"shop","labels":
          {"a_b_conflict2":"word","a.b":"dot","a_b":"plain","a/b":"slash"}}})";
  EXPECT_EQ(Lines(LabelsOf(turned, {"a*"})), expected) << "whatever order they stand in";
}

TEST(ShownLabels, ConflictsAreLoggedOncePerPairOfKeys) {
  std::string log;
  SetLogSink([&](std::string_view line) { log += std::string(line) + "\n"; });
  Decoder decoder({.shown = {.vm_labels = {"*"}}});
  const PaddedObject object(kConflicting);
  ASSERT_TRUE(decoder.Vm(object.view()));
  EXPECT_EQ(decoder.label_conflicts(), 3U);
  EXPECT_NE(log.find("shop"), std::string::npos) << log;
  EXPECT_NE(log.find("a/b"), std::string::npos) << log;
  log.clear();
  ASSERT_TRUE(decoder.Vm(object.view()));
  EXPECT_EQ(decoder.label_conflicts(), 3U);
  EXPECT_EQ(log, "");
  SetLogSink({});
}

TEST(ShownLabels, ManyLabelsAreCutAtTheLimitByKey) {
  std::string json = R"({"metadata":{"name":"a","labels":{)";
  for (int i = 199; i >= 100; --i) json += "\"k" + std::to_string(i) + "\":\"v\",";
  json.back() = '}';
  const LabelList labels = LabelsOf(json + "}}", {"*"});
  ASSERT_EQ(labels.size(), kMaxShownLabels);
  EXPECT_EQ(labels.front().first.text(), "label_k100");
  EXPECT_EQ(labels.back().first.text(), "label_k163");
}

TEST(ShownLabels, LongAnnotationsEndAtACharacter) {
  const std::string filler(kMaxShownBytes - 1, 'x');
  Decoder decoder({.shown = {.vm_annotations = {"note"}}});
  const PaddedObject object(R"({"metadata":{"name":"a","annotations":{"note":")" + filler +
                            "\xC3\xA4\xC3\xA4\"}}}");
  EXPECT_EQ(decoder.Vm(object.view())->labels.at(0).second.text(), filler);
}

TEST(ShownLabels, OfANamespaceHaveTheirOwnNames) {
  Decoder decoder({.shown = {.namespace_labels = {"team", "kubesphere.io/workspace"},
                             .namespace_annotations = {"contact"}}});
  const PaddedObject object(
      R"({"metadata":{"name":"web","labels":{"team":"red","kubesphere.io/workspace":"ops"},
          "annotations":{"contact":"a@b","cluster.kubesphere.io/name":"c9"}}})");
  const auto row = decoder.Namespace(object.view());
  ASSERT_TRUE(row);
  EXPECT_EQ(Lines(row->labels),
            "namespace_label_kubesphere_io_workspace=ops\n"
            "namespace_label_team=red\n"
            "namespace_annotation_contact=a@b\n");
  EXPECT_EQ(row->workspace.text(), "ops");
  EXPECT_EQ(row->cluster_name.text(), "c9");
}

}  // namespace
}  // namespace virtlens::exporter
