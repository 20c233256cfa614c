#include "base/result.h"

#include <gtest/gtest.h>

namespace virtlens {
namespace {

Result<int> Half(int number) {
  if (number % 2 != 0) return Fail(Code::kInvalidArgument, "odd");
  return number / 2;
}

Result<int> Quarter(int number) {
  VIRTLENS_TRY(const int half, Half(number));
  return Half(half);
}

Result<void> CheckEven(int number) {
  VIRTLENS_CHECK(Half(number));
  return {};
}

TEST(Result, TryPassesTheFirstErrorOn) {
  EXPECT_EQ(Quarter(8).value(), 2);
  ASSERT_FALSE(Quarter(6));
  EXPECT_EQ(Quarter(6).error().code, Code::kInvalidArgument);
  EXPECT_EQ(Quarter(6).error().message, "odd");
}

TEST(Result, CheckPassesTheErrorOn) {
  EXPECT_TRUE(CheckEven(2));
  EXPECT_FALSE(CheckEven(3));
}

TEST(Code, NamesAreDistinct) {
  EXPECT_EQ(CodeName(Code::kTls), "tls");
  EXPECT_EQ(CodeName(Code::kTooManyRequests), "too_many_requests");
}

}  // namespace
}  // namespace virtlens
