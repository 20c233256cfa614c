#include "exporter/endpoints.h"

#include <gtest/gtest.h>

#include "exporter/scrape_selection.h"

namespace virtlens::exporter {
namespace {

Result<std::optional<FamilyNames>> Select(const std::string& query) {
  http::Request request;
  request.query = query;
  return SelectedFamilies(request);
}

TEST(SelectedFamilies, NothingSelectsAll) {
  const auto selected = Select("");
  ASSERT_TRUE(selected);
  EXPECT_FALSE(*selected);
}

TEST(SelectedFamilies, FamiliesAndResourcesAdd) {
  const auto selected = Select("families=virt_vm_status,virt_vm_phase&resources=nodes");
  ASSERT_TRUE(selected && *selected);
  EXPECT_TRUE((*selected)->contains("virt_vm_status"));
  EXPECT_TRUE((*selected)->contains("virt_vm_phase"));
  EXPECT_TRUE((*selected)->contains("virt_node_ready"));
  EXPECT_FALSE((*selected)->contains("virt_vm_info"));
}

TEST(SelectedFamilies, ATypoIsNamedWithItsNearest) {
  EXPECT_EQ(Select("families=virt_vm_statu").error().message,
            "unknown family \"virt_vm_statu\"; did you mean \"virt_vm_status\"?");
  EXPECT_EQ(Select("resources=migration").error().message,
            "unknown resource \"migration\"; did you mean \"migrations\"?");
}

std::optional<std::chrono::milliseconds> TimeoutOf(const std::string& header) {
  http::Request request;
  request.headers.Add("x-prometheus-scrape-timeout-seconds", header);
  return ScrapeTimeout(request);
}

TEST(ScrapeTimeout, IsInSecondsWithFractions) {
  EXPECT_EQ(TimeoutOf("10"), std::chrono::milliseconds(10'000));
  EXPECT_EQ(TimeoutOf("0.5"), std::chrono::milliseconds(500));
  EXPECT_EQ(TimeoutOf("1e1"), std::chrono::milliseconds(10'000));
}

TEST(ScrapeTimeout, WhatIsNoTimeLimitsNothing) {
  for (const char* text : {"", "0", "-1", "nan", "inf", "1e99", "10s"}) {
    EXPECT_FALSE(TimeoutOf(text)) << text;
  }
  EXPECT_FALSE(ScrapeTimeout(http::Request()));
}

}  // namespace
}  // namespace virtlens::exporter
