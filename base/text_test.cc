#include "base/text.h"

#include <gtest/gtest.h>

namespace virtlens {
namespace {

TEST(Utf8, WellFormedTextStays) {
  for (const char* text :
       {"", "abc", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xED\x9F\xBF"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
    EXPECT_EQ(RepairUtf8(text), text);
  }
}

TEST(Utf8, IllFormedSequencesAreReplacedAndCounted) {
  std::size_t replaced = 0;
  EXPECT_EQ(RepairUtf8("a\xFFz", &replaced), "a\xEF\xBF\xBDz");
  EXPECT_EQ(replaced, 1U);
  // Overlong slash, surrogate, above U+10FFFF, cut short.
  for (const char* text : {"\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82"}) {
    EXPECT_FALSE(IsUtf8(text));
    EXPECT_TRUE(IsUtf8(RepairUtf8(text, &replaced)));
    EXPECT_GE(replaced, 1U);
  }
}

TEST(Nearest, FindsATypoAndNothingElse) {
  const std::vector<std::string_view> keys{"listen", "telemetry_listen", "cluster"};
  EXPECT_EQ(Nearest("lisen", keys), "listen");
  EXPECT_EQ(Nearest("clutser", keys), "cluster");
  EXPECT_EQ(Nearest("frobnicate", keys), "");
}

TEST(Split, KeepsEmptyParts) {
  EXPECT_EQ(Split("a,b", ','), (std::vector<std::string_view>{"a", "b"}));
  EXPECT_EQ(Split("a,,b,", ','), (std::vector<std::string_view>{"a", "", "b", ""}));
  EXPECT_TRUE(Split("", ',').empty());
}

}  // namespace
}  // namespace virtlens
