#include "sim/api_server/patch.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace virtlens::sim {
namespace {

Json Apply(PatchKind kind, const char* current, const char* patch) {
  const auto result = ApplyPatch(kind, Json::parse(current), Json::parse(patch));
  return result ? *result : Json("error: " + result.error().message);
}

TEST(PatchTest, MergePatchFollowsTheExamplesOfRfc7396) {
  EXPECT_EQ(
      Apply(PatchKind::kMerge, R"({"a":"b","c":{"d":"e","f":"g"}})", R"({"a":"z","c":{"f":null}})"),
      Json::parse(R"({"a":"z","c":{"d":"e"}})"));
  EXPECT_EQ(Apply(PatchKind::kMerge, R"({"a":[{"b":"c"}]})", R"({"a":[1]})"),
            Json::parse(R"({"a":[1]})"));
  EXPECT_EQ(Apply(PatchKind::kMerge, R"({"a":{"b":"c"}})", R"({"a":{"bb":{"ccc":null}}})"),
            Json::parse(R"({"a":{"b":"c","bb":{}}})"));
}

// A random tree over few keys, so that two trees overlap.
Json RandomTree(Random& random, int depth) {
  const std::uint64_t kind = random.Below(depth == 0 ? 4 : 7);
  if (kind == 0) return nullptr;
  if (kind == 1) return random.Below(3);
  if (kind == 2) return "text";
  if (kind == 3) return Json::array({random.Below(2), nullptr});
  Json object = Json::object();
  for (std::uint64_t i = random.Below(4); i > 0; --i) {
    object[std::string(1, static_cast<char>('a' + random.Below(5)))] =
        RandomTree(random, depth - 1);
  }
  return object;
}

TEST(PatchTest, MergePatchAgreesWithNlohmannOnRandomTrees) {
  Random random(7396);
  int objects = 0;
  for (int i = 0; i < 20'000; ++i) {
    const Json current = RandomTree(random, 4);
    const Json patch = RandomTree(random, 4);
    if (!patch.is_object()) continue;
    ++objects;
    Json expected = current;
    expected.merge_patch(patch);
    const auto result = ApplyPatch(PatchKind::kMerge, current, patch);
    ASSERT_TRUE(result);
    ASSERT_EQ(*result, expected) << current << " with " << patch;
  }
  EXPECT_GT(objects, 5'000);
}

TEST(PatchTest, StrategicMergeHonoursItsDirectivesAndKeepsNoneOfThem) {
  EXPECT_EQ(Apply(PatchKind::kStrategicMerge, R"({"a":{"x":1,"y":2},"l":[1]})",
                  R"({"a":{"$patch":"replace","z":3},"l":[2],"$setElementOrder/l":[2]})"),
            Json::parse(R"({"a":{"z":3},"l":[2]})"));
  EXPECT_EQ(
      Apply(PatchKind::kStrategicMerge, R"({"a":{"x":1},"b":2})", R"({"a":{"$patch":"delete"}})"),
      Json::parse(R"({"b":2})"));
}

TEST(PatchTest, JsonPatchDoesItsOperationsOrFailsAsAWhole) {
  EXPECT_EQ(Apply(PatchKind::kJson, R"({"a":{"b":[1]}})",
                  R"([{"op":"add","path":"/a/b/-","value":2},{"op":"remove","path":"/a/b/0"}])"),
            Json::parse(R"({"a":{"b":[2]}})"));
  const auto misfit = ApplyPatch(PatchKind::kJson, Json::parse(R"({"a":1})"),
                                 Json::parse(R"([{"op":"test","path":"/a","value":2}])"));
  ASSERT_FALSE(misfit);
  EXPECT_EQ(misfit.error().http_status, 422);
  const auto malformed =
      ApplyPatch(PatchKind::kJson, Json::object(), Json::parse(R"([{"op":"fly","path":"/a"}])"));
  ASSERT_FALSE(malformed);
  EXPECT_EQ(malformed.error().http_status, 400);
}

TEST(PatchTest, CopiesThatWouldDoubleTheObjectWithoutEndAreRefused) {
  Json patch = Json::array();
  for (int i = 0; i < 11; ++i) patch.push_back({{"op", "copy"}, {"from", ""}, {"path", "/a"}});
  const auto result = ApplyPatch(PatchKind::kJson, Json::object(), patch);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::kInvalidArgument);
}

TEST(PatchTest, TheContentTypeNamesTheKind) {
  EXPECT_EQ(PatchKindOf("application/merge-patch+json; charset=utf-8"), PatchKind::kMerge);
  EXPECT_EQ(PatchKindOf("application/json-patch+json"), PatchKind::kJson);
  EXPECT_EQ(PatchKindOf("application/strategic-merge-patch+json"), PatchKind::kStrategicMerge);
  EXPECT_EQ(PatchKindOf("application/apply-patch+yaml"), PatchKind::kApply);
  EXPECT_EQ(PatchKindOf("application/json"), std::nullopt);
}

TEST(JsonTextTest, JsonNestedTooDeeplyIsRefused) {
  const std::string deep(kMaxJsonDepth + 1, '[');
  const auto result = ParseJson(deep + std::string(kMaxJsonDepth + 1, ']'));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "the JSON is nested too deeply");
  EXPECT_TRUE(ParseJson(R"(["[[[\"[["])"));
}

}  // namespace
}  // namespace virtlens::sim
