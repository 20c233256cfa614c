#include "kube/quantity.h"

#include <gtest/gtest.h>

#include <string>

namespace virtlens::kube {
namespace {

TEST(ParseQuantity, ReadsEverySuffix) {
  EXPECT_EQ(ParseQuantity("0"), 0.0);
  EXPECT_EQ(ParseQuantity("500m"), 0.5);
  EXPECT_EQ(ParseQuantity("100m"), 0.1);
  EXPECT_EQ(ParseQuantity("1n"), 1e-9);
  EXPECT_EQ(ParseQuantity("3u"), 3e-6);
  EXPECT_EQ(ParseQuantity("2k"), 2e3);
  EXPECT_EQ(ParseQuantity("2M"), 2e6);
  EXPECT_EQ(ParseQuantity("2G"), 2e9);
  EXPECT_EQ(ParseQuantity("2T"), 2e12);
  EXPECT_EQ(ParseQuantity("2P"), 2e15);
  EXPECT_EQ(ParseQuantity("2E"), 2e18);
  EXPECT_EQ(ParseQuantity("1Ki"), 1024.0);
  EXPECT_EQ(ParseQuantity("1.5Gi"), 1610612736.0);
  EXPECT_EQ(ParseQuantity("1Mi"), 1048576.0);
  EXPECT_EQ(ParseQuantity("1Ti"), 0x1p40);
  EXPECT_EQ(ParseQuantity("1Pi"), 0x1p50);
  EXPECT_EQ(ParseQuantity("7Ei"), 7 * 0x1p60);
}

TEST(ParseQuantity, ReadsExponentsSignsAndPoints) {
  EXPECT_EQ(ParseQuantity("1e3"), 1000.0);
  EXPECT_EQ(ParseQuantity("1E3"), 1000.0);
  EXPECT_EQ(ParseQuantity("12e-1"), 1.2);
  EXPECT_EQ(ParseQuantity("+1e+2"), 100.0);
  EXPECT_EQ(ParseQuantity("-1.5"), -1.5);
  EXPECT_EQ(ParseQuantity("-2Ki"), -2048.0);
  EXPECT_EQ(ParseQuantity(".5"), 0.5);
  EXPECT_EQ(ParseQuantity("5."), 5.0);
}

TEST(ParseQuantity, RefusesTheRest) {
  for (const std::string_view text :
       {"",     "-",     ".",   "Gi",  "1 Gi", " 1",    "1 ",    "1gi",
        "1K",   "1ki",   "1mi", "1e",  "1e+",  "1e1.5", "1e5Ki", "0x10",
        "1..2", "1.2.3", "--1", "inf", "nan",  "1,5",   "1e999", "1e99999999999999"}) {
    EXPECT_EQ(ParseQuantity(text), std::nullopt) << text;
  }
  EXPECT_EQ(ParseQuantity(std::string(1000, '1')), std::nullopt);
}

}  // namespace
}  // namespace virtlens::kube
