#include "tools/yaml_json.h"

#include <gtest/gtest.h>

#include <sstream>
#include <vector>

#include "tools/testing/text_assertions.h"

namespace virtlens::tools {
namespace {

using Texts = std::vector<std::string>;

struct Converted {
  std::vector<std::string> documents;
  std::string error;
};

Converted Convert(const std::string& yaml) {
  Converted converted;
  std::istringstream input(yaml);
  const auto done =
      ConvertYaml(input, [&](std::string_view json) { converted.documents.emplace_back(json); });
  if (!done) converted.error = done.error().message;
  return converted;
}

// The JSON of a document with one key, without the wrapping.
std::string Scalar(const std::string& yaml) {
  const Converted converted = Convert("k: " + yaml + "\n");
  if (converted.documents.size() != 1) return "error " + converted.error;
  const std::string& json = converted.documents.front();
  return json.substr(5, json.size() - 6);
}

TEST(YamlJsonTest, PlainScalarsHaveTheTypesThatKubernetesGivesThem) {
  EXPECT_EQ(Scalar("true"), "true");
  EXPECT_EQ(Scalar("False"), "false");
  EXPECT_EQ(Scalar("yes"), "true");
  EXPECT_EQ(Scalar("off"), "false");
  EXPECT_EQ(Scalar("null"), "null");
  EXPECT_EQ(Scalar("~"), "null");
  EXPECT_EQ(Scalar(""), "null");
  EXPECT_EQ(Scalar("42"), "42");
  EXPECT_EQ(Scalar("-7"), "-7");
  EXPECT_EQ(Scalar("+7"), "7");
  EXPECT_EQ(Scalar("1_000"), "1000");
  EXPECT_EQ(Scalar("0x1F"), "31");
  EXPECT_EQ(Scalar("0o17"), "15");
  EXPECT_EQ(Scalar("0600"), "384");
  EXPECT_EQ(Scalar("0b101"), "5");
  EXPECT_EQ(Scalar("1.5"), "1.5");
  EXPECT_EQ(Scalar(".5"), "0.5");
  EXPECT_EQ(Scalar("1e3"), "1000");
  EXPECT_EQ(Scalar("-0"), "0");
  EXPECT_EQ(Scalar("18446744073709551615"), "18446744073709551615");
}

TEST(YamlJsonTest, WhatIsNoNumberStaysAString) {
  EXPECT_EQ(Scalar("2Gi"), R"("2Gi")");
  EXPECT_EQ(Scalar("10.0.0.7"), R"("10.0.0.7")");
  EXPECT_EQ(Scalar("2026-11-21T10:00:00Z"), R"("2026-11-21T10:00:00Z")");
  EXPECT_EQ(Scalar("02:00:00:00:00:01"), R"("02:00:00:00:00:01")");
  EXPECT_EQ(Scalar("0xzz"), R"("0xzz")");
  EXPECT_EQ(Scalar("."), R"(".")");
  EXPECT_EQ(Scalar("+"), R"("+")");
  EXPECT_EQ(Scalar("1e"), R"("1e")");
  EXPECT_EQ(Scalar("-_"), R"("-_")");
  EXPECT_EQ(Scalar(".inf"), R"(".inf")") << "JSON has no infinity";
  EXPECT_EQ(Scalar("1e999"), R"("1e999")");
  EXPECT_EQ(Scalar("trueish"), R"("trueish")");
}

TEST(YamlJsonTest, QuotedScalarsAndBlocksAreStrings) {
  EXPECT_EQ(Scalar("\"true\""), R"("true")");
  EXPECT_EQ(Scalar("'42'"), R"("42")");
  EXPECT_EQ(Scalar("\"\""), R"("")");
  EXPECT_EQ(Scalar("!!str 42"), R"("42")");
  EXPECT_EQ(Scalar("|\n  7"), R"("7\u000a")");
  EXPECT_EQ(Scalar(R"("a\"b\\c\td")"), R"("a\"b\\c\u0009d")");
}

TEST(YamlJsonTest, CollectionsNest) {
  EXPECT_EQ(Convert("a:\n  - b: {}\n    c: []\n  - [1, {d: e}]\n\"5\": x\n").documents,
            (Texts{R"({"a":[{"b":{},"c":[]},[1,{"d":"e"}]],"5":"x"})"}));
  EXPECT_EQ(Convert("8: x\ntrue: z\n").documents, (Texts{R"({"8":"x","true":"z"})"}));
}

TEST(YamlJsonTest, EveryDocumentIsHandedOverAndEmptyOnesAreNot) {
  EXPECT_EQ(Convert("---\na: 1\n---\n# nothing\n---\nb: 2\n...\n").documents,
            (Texts{R"({"a":1})", R"({"b":2})"}));
  EXPECT_TRUE(Convert("").documents.empty());
  EXPECT_EQ(Convert("").error, "");
}

TEST(YamlJsonTest, AliasesRepeatWhatTheyStandFor) {
  EXPECT_EQ(Convert("a: &x {b: [1]}\nc: *x\nd: [*x, &y 5, *y]\n").documents,
            (Texts{R"({"a":{"b":[1]},"c":{"b":[1]},"d":[{"b":[1]},5,5]})"}));
}

TEST(YamlJsonTest, AnAliasBombIsRefused) {
  std::string yaml = "a0: &a0 [xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    yaml += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + ", " + before +
            ", " + before + "]\n";
  }
  EXPECT_TRUE(Has(Convert(yaml).error, "aliases repeat more than 16 MiB"));
}

TEST(YamlJsonTest, DepthHasALimitThatAliasesCannotPass) {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
  };
  EXPECT_EQ(Convert(nested(100)).error, "");
  EXPECT_TRUE(Has(Convert(nested(101)).error, "nested more than 100 deep"));
  EXPECT_EQ(Convert("- &a " + nested(60) + "\n- [[*a]]\n").error, "");
  EXPECT_TRUE(
      Has(Convert("- &a " + nested(99) + "\n- [[*a]]\n").error, "nested more than 100 deep"));
}

TEST(YamlJsonTest, ErrorsNameTheirLine) {
  EXPECT_TRUE(StartsWith(Convert("a: 1\nb: [1, 2\nc: 3\n").error, "3: "));
  EXPECT_EQ(Convert("a: 1\na: 2\n").error, R"(2: a key stands twice in the same map: "a")");
  EXPECT_EQ(Convert("x: &x {a: 1}\ny:\n  <<: *x\n").error,
            "3: merge keys (<<) are not supported; write the keys out");
  EXPECT_EQ(Convert("a:\n  [1]: 2\n").error, "2: a key must be a single value");
  EXPECT_EQ(Convert("a: &a\n  - *a\n").error, "2: an alias inside what it stands for");
  EXPECT_TRUE(StartsWith(Convert("a: *nobody\n").error, "1: "));
}

TEST(YamlJsonTest, AStrayCommaIsAnErrorAndNotEndlessDocuments) {
  EXPECT_EQ(Convert("    a: 1\n  , b\n").error, "2: nothing can stand here");
  EXPECT_EQ(Convert("---\n---\n---\n").error, "");
}

TEST(YamlJsonTest, DocumentsBeforeAnErrorAreHandedOver) {
  const Converted converted = Convert("a: 1\n---\nb: [\n");
  EXPECT_EQ(converted.documents, (Texts{R"({"a":1})"}));
  EXPECT_NE(converted.error, "");
}

}  // namespace
}  // namespace virtlens::tools
