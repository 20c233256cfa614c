#include "exporter/decode/path.h"

#include <gtest/gtest.h>

namespace virtlens::exporter {
namespace {

PathStep Member(std::string name) { return {.member = std::move(name)}; }
constexpr auto kEach = [] { return PathStep{.each = true}; };

std::string ErrorOf(const std::string& path) {
  const auto steps = ParsePath(path);
  return steps ? "" : steps.error().message;
}

TEST(Path, IsMembersAndElements) {
  EXPECT_EQ(*ParsePath(".status.phase"),
            (std::vector<PathStep>{Member("status"), Member("phase")}));
  EXPECT_EQ(*ParsePath(".spec.disks[*].size"),
            (std::vector<PathStep>{Member("spec"), Member("disks"), kEach(), Member("size")}));
  EXPECT_EQ(*ParsePath(".a[*][*]"), (std::vector<PathStep>{Member("a"), kEach(), kEach()}));
}

TEST(Path, NamesInQuotesMayHoldAnything) {
  const std::vector<PathStep> wanted{Member("labels"), Member("a.b/[c]")};
  EXPECT_EQ(*ParsePath(".labels['a.b/[c]']"), wanted);
  EXPECT_EQ(*ParsePath(".labels[\"a.b/[c]\"]"), wanted);
}

TEST(Path, ErrorsSayWhere) {
  EXPECT_EQ(ErrorOf(""), "path \"\": a path begins with . at byte 1");
  EXPECT_EQ(ErrorOf("."), "path \".\": after . comes a name at byte 1");
  EXPECT_EQ(ErrorOf(".a..b"), "path \".a..b\": after . comes a name at byte 3");
  EXPECT_EQ(ErrorOf(".a[0]"), "path \".a[0]\": after [ comes * or a name in quotes at byte 3");
  EXPECT_EQ(ErrorOf(".a['b"), "path \".a['b\": the name is not closed by a quote and ] at byte 3");
  EXPECT_EQ(ErrorOf(".a['']"), "path \".a['']\": the name is empty at byte 3");
  EXPECT_EQ(ErrorOf(".a]"),
            "path \".a]\": a name with odd characters is written ['name'] at byte 3");
  EXPECT_EQ(ErrorOf(".a[*]b"), "path \".a[*]b\": expected . or [ at byte 6");
}

TEST(Path, HasLimits) {
  std::string steps;
  for (std::size_t i = 0; i < kMaxPathSteps; ++i) steps += ".a";
  EXPECT_TRUE(ParsePath(steps));
  EXPECT_FALSE(ParsePath(steps + ".a"));
  EXPECT_FALSE(ParsePath("." + std::string(kMaxPathBytes, 'a')));
}

TEST(Path, PathsThatShareABeginningShareItInTheTree) {
  PathNode tree;
  tree.Add(*ParsePath(".spec.disks[*].size"), 1);
  tree.Add(*ParsePath(".spec.disks[*]"), 2);
  tree.Add(*ParsePath(".spec.row"), 3);
  ASSERT_EQ(tree.members.size(), 1U);
  const PathNode* disks = tree.Member("spec")->Member("disks");
  ASSERT_NE(disks, nullptr);
  EXPECT_EQ(disks->each->targets, std::vector<std::size_t>{2});
  EXPECT_EQ(disks->each->Member("size")->targets, std::vector<std::size_t>{1});
  EXPECT_EQ(tree.Member("status"), nullptr);
}

}  // namespace
}  // namespace virtlens::exporter
