// Assertions on text that show the text when they fail.
//
//   EXPECT_TRUE(Has(ran.err, "no such file"));
#pragma once

#include <gtest/gtest.h>

#include <string_view>

namespace virtlens::tools {

inline testing::AssertionResult Has(std::string_view text, std::string_view part) {
  if (text.find(part) != std::string_view::npos) {
    return testing::AssertionSuccess() << "\"" << part << "\" is in:\n" << text;
  }
  return testing::AssertionFailure() << "\"" << part << "\" is not in:\n" << text;
}

inline testing::AssertionResult StartsWith(std::string_view text, std::string_view start) {
  if (text.starts_with(start)) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "\"" << start << "\" does not start:\n" << text;
}

inline testing::AssertionResult EndsWith(std::string_view text, std::string_view end) {
  if (text.ends_with(end)) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "\"" << end << "\" does not end:\n" << text;
}

}  // namespace virtlens::tools
