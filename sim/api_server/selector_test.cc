#include "sim/api_server/selector.h"

#include <gtest/gtest.h>

namespace virtlens::sim {
namespace {

const std::string kLabels = PackLabels({{"app", "db"}, {"tier", "back"}, {"empty", ""}});

bool Matches(const char* selector) {
  const auto parsed = LabelSelector::Parse(selector);
  EXPECT_TRUE(parsed) << selector;
  return parsed && parsed->Matches(kLabels);
}

TEST(SelectorTest, LabelsAreFoundInTheirPackedForm) {
  EXPECT_EQ(FindLabel(kLabels, "tier"), "back");
  EXPECT_EQ(FindLabel(kLabels, "empty"), "");
  EXPECT_EQ(FindLabel(kLabels, "back"), std::nullopt);
  EXPECT_EQ(FindLabel("", "app"), std::nullopt);
}

TEST(SelectorTest, EqualityWorksBothWays) {
  EXPECT_TRUE(Matches("app=db"));
  EXPECT_TRUE(Matches("app == db,tier!=front"));
  EXPECT_FALSE(Matches("app=web"));
  EXPECT_FALSE(Matches("app!=db"));
  EXPECT_TRUE(Matches("absent!=x"));
  EXPECT_TRUE(Matches("empty="));
}

TEST(SelectorTest, SetsAndExistence) {
  EXPECT_TRUE(Matches("app in (web, db),tier"));
  EXPECT_FALSE(Matches("app notin (web,db)"));
  EXPECT_TRUE(Matches("absent notin (x)"));
  EXPECT_FALSE(Matches("absent in (x)"));
  EXPECT_TRUE(Matches("!absent"));
  EXPECT_FALSE(Matches("!app"));
  EXPECT_TRUE(Matches(""));
}

TEST(SelectorTest, WhatIsNoSelectorIsRefused) {
  for (const char* text :
       {"a b", "in (x)", "app in x", "app within (x)", "=x", "a=b c", "a in (x"}) {
    EXPECT_FALSE(LabelSelector::Parse(text)) << text;
  }
  EXPECT_FALSE(LabelSelector::Parse(std::string(20'000, 'a')));
}

TEST(SelectorTest, FieldsOfAnObject) {
  const auto selector =
      FieldSelector::Parse("metadata.name=x,metadata.namespace!=b,spec.nodeName=n", "pods");
  ASSERT_TRUE(selector);
  const std::string on_n = PackFields({{"kind", "Pod"}, {"spec", {{"nodeName", "n"}}}});
  EXPECT_TRUE(selector->Matches("a", "x", on_n));
  EXPECT_FALSE(selector->Matches("b", "x", on_n));
  EXPECT_FALSE(selector->Matches("a", "x", PackFields({{"kind", "Pod"}})));
  EXPECT_FALSE(FieldSelector::Parse("spec.nodeName=n", "services"));
  EXPECT_FALSE(FieldSelector::Parse("status.phase=Running", "pods"));
}

TEST(SelectorTest, EventsAreSelectedByReasonAndObject) {
  const auto selector =
      FieldSelector::Parse("involvedObject.kind=Pod,reason=FailedMount", "events");
  ASSERT_TRUE(selector);
  const auto event = [](const char* reason, const char* kind) {
    return PackFields(
        {{"kind", "Event"}, {"reason", reason}, {"involvedObject", {{"kind", kind}}}});
  };
  EXPECT_TRUE(selector->Matches("a", "x", event("FailedMount", "Pod")));
  EXPECT_FALSE(selector->Matches("a", "x", event("Pulled", "Pod")));
  EXPECT_FALSE(selector->Matches("a", "x", event("FailedMount", "Node")));
}

}  // namespace
}  // namespace virtlens::sim
