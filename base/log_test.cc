#include "base/log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace virtlens {
namespace {

class LogTest : public testing::Test {
 protected:
  void SetUp() override {
    SetLogSink([this](std::string_view line) { lines_.emplace_back(line); });
  }
  void TearDown() override {
    SetLogSink(nullptr);
    ConfigureLog(LogLevel::kInfo, LogFormat::kText);
  }
  std::vector<std::string> lines_;
};

TEST_F(LogTest, AValueCannotForgeASecondLine) {
  Info("object", {{"name", "a\nERROR forged=1"}});
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_EQ(lines_[0].find('\n'), std::string::npos);
  EXPECT_NE(lines_[0].find(R"(name="a\nERROR forged=1")"), std::string::npos);
}

TEST_F(LogTest, JsonLinesParse) {
  ConfigureLog(LogLevel::kInfo, LogFormat::kJson);
  Warning("bad \xFF byte", {{"key", "quote\" and \xFF"}});
  ASSERT_EQ(lines_.size(), 1U);
  const auto line = nlohmann::json::parse(lines_[0]);
  EXPECT_EQ(line["level"], "warning");
  EXPECT_EQ(line["key"], "quote\" and \xEF\xBF\xBD");
}

TEST_F(LogTest, LevelsBelowTheConfiguredOneAreSilent) {
  ConfigureLog(LogLevel::kWarning, LogFormat::kText);
  Info("quiet");
  Warning("loud");
  ASSERT_EQ(lines_.size(), 1U);
}

}  // namespace
}  // namespace virtlens
