#include "exporter/exposition/negotiation.h"

#include <gtest/gtest.h>

namespace virtlens::exporter {
namespace {

TEST(Negotiate, Prometheus2_37GetsOpenMetrics) {
  EXPECT_EQ(Negotiate("application/openmetrics-text;version=1.0.0,"
                      "application/openmetrics-text;version=0.0.1;q=0.75,"
                      "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
            Format::kOpenMetrics);
}

TEST(Negotiate, Prometheus2_49GetsOpenMetrics) {
  EXPECT_EQ(Negotiate("application/openmetrics-text;version=1.0.0;q=0.5,"
                      "application/openmetrics-text;version=0.0.1;q=0.4,"
                      "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"),
            Format::kOpenMetrics);
}

TEST(Negotiate, Prometheus3GetsOpenMetricsThoughItEscapesAndOffersText1First) {
  EXPECT_EQ(Negotiate("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                      "application/openmetrics-text;version=0.0.1;q=0.5,"
                      "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
                      "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"),
            Format::kOpenMetrics);
}

TEST(Negotiate, ProtobufFirstIsPassedOver) {
  EXPECT_EQ(Negotiate("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
                      "encoding=delimited;q=0.7,text/plain;version=0.0.4;q=0.3,"
                      "application/openmetrics-text;version=0.0.1;q=0.4,*/*;q=0.2"),
            Format::kOpenMetrics001);
}

TEST(Negotiate, VmagentGetsText) {
  EXPECT_EQ(Negotiate("text/plain;version=0.0.4;q=1,*/*;q=0.1"), Format::kText);
}

TEST(Negotiate, PrometheusThatPrefersTextGetsText) {
  EXPECT_EQ(Negotiate("text/plain;version=0.0.4;q=0.6,"
                      "application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1"),
            Format::kText);
}

TEST(Negotiate, PeopleGetText) {
  EXPECT_EQ(Negotiate(""), Format::kText);
  EXPECT_EQ(Negotiate("*/*"), Format::kText);
  EXPECT_EQ(Negotiate("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
            Format::kText);
}

TEST(Negotiate, WhatIsUnknownGetsText) {
  EXPECT_EQ(Negotiate("application/json"), Format::kText);
  EXPECT_EQ(Negotiate("application/openmetrics-text;version=2.0.0"), Format::kText);
  EXPECT_EQ(Negotiate("text/plain;version=1.0.0"), Format::kText);
  EXPECT_EQ(Negotiate(",;,=;q=,\"\\"), Format::kText);
}

TEST(Negotiate, OpenMetricsWithoutAVersionIsTheNewest) {
  EXPECT_EQ(Negotiate("application/openmetrics-text"), Format::kOpenMetrics);
  EXPECT_EQ(Negotiate("Application/OpenMetrics-Text; Version=\"0.0.1\""), Format::kOpenMetrics001);
}

TEST(Negotiate, TheClosestRangeDecidesNotTheWildcard) {
  EXPECT_EQ(Negotiate("*/*;q=0.9,text/plain;version=0.0.4;q=0.1,"
                      "application/openmetrics-text;version=1.0.0;q=0.5"),
            Format::kOpenMetrics);
  EXPECT_EQ(Negotiate("text/*;q=0.4,application/openmetrics-text;q=0.3"), Format::kText);
}

TEST(Negotiate, QualityZeroForbids) {
  EXPECT_EQ(Negotiate("application/openmetrics-text;version=1.0.0;q=0,text/plain;q=0.1"),
            Format::kText);
  EXPECT_EQ(Negotiate("application/openmetrics-text;version=1.0.0;q=0,"
                      "application/openmetrics-text;version=0.0.1;q=0.2"),
            Format::kOpenMetrics001);
  EXPECT_EQ(Negotiate("text/plain;q=0"), Format::kText);
}

TEST(Negotiate, AMalformedQualityDropsItsRangeOnly) {
  EXPECT_EQ(Negotiate("application/openmetrics-text;q=high,text/plain;q=0.1"), Format::kText);
  EXPECT_EQ(Negotiate("text/plain;q=2,application/openmetrics-text;q=0.1"), Format::kOpenMetrics);
  EXPECT_EQ(Negotiate("text/plain;q=nan,application/openmetrics-text;q=0.1"), Format::kOpenMetrics);
}

TEST(Negotiate, AmongEqualsTheFirstListedWins) {
  EXPECT_EQ(Negotiate("text/plain,application/openmetrics-text"), Format::kText);
  EXPECT_EQ(Negotiate("application/openmetrics-text,text/plain"), Format::kOpenMetrics);
}

TEST(Negotiate, CommasAndSemicolonsInQuotesDoNotSeparate) {
  EXPECT_EQ(Negotiate("text/html;x=\"a,application/openmetrics-text;b\\\",c\""), Format::kText);
}

TEST(ContentType, IsWhatPrometheus3Requires) {
  EXPECT_EQ(ContentType(Format::kText), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(ContentType(Format::kOpenMetrics),
            "application/openmetrics-text; version=1.0.0; charset=utf-8");
  EXPECT_EQ(ContentType(Format::kOpenMetrics001),
            "application/openmetrics-text; version=0.0.1; charset=utf-8");
}

TEST(AcceptsGzip, WhenNamedOrCoveredByTheWildcard) {
  EXPECT_TRUE(AcceptsGzip("gzip"));
  EXPECT_TRUE(AcceptsGzip("deflate, GZIP;q=0.5"));
  EXPECT_TRUE(AcceptsGzip("zstd;q=1.0, gzip;q=0.8, identity;q=0.1"));
  EXPECT_TRUE(AcceptsGzip("x-gzip"));
  EXPECT_TRUE(AcceptsGzip("*"));
  EXPECT_TRUE(AcceptsGzip("gzip, deflate, br"));
}

TEST(AcceptsGzip, NotWhenAbsentOrForbidden) {
  EXPECT_FALSE(AcceptsGzip(""));
  EXPECT_FALSE(AcceptsGzip("identity"));
  EXPECT_FALSE(AcceptsGzip("gzip;q=0"));
  EXPECT_FALSE(AcceptsGzip("gzip;q=0.000, *"));
  EXPECT_FALSE(AcceptsGzip("*;q=0"));
  EXPECT_FALSE(AcceptsGzip("gzipped, xgzip"));
  EXPECT_FALSE(AcceptsGzip("gzip;q=yes"));
}

}  // namespace
}  // namespace virtlens::exporter
