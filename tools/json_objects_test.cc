#include "tools/json_objects.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kube/splitter.h"

namespace virtlens::tools {
namespace {

using Texts = std::vector<std::string>;

const std::string kA = R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}})";
const std::string kB = R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"b"}})";

struct Read {
  std::vector<std::string> objects;
  std::size_t foreign = 0;
  std::string error;
};

// Fed in pieces of `piece` bytes; objects that contain "broken" do not decode.
Read ReadIn(const std::string& json, std::size_t piece) {
  Read read;
  JsonObjects objects([&](std::string_view object) {
    read.objects.emplace_back(object);
    EXPECT_EQ(object.data()[object.size() + kube::kItemPadding - 1], '\0');
    return object.find("broken") == std::string_view::npos;
  });
  Result<void> fed;
  for (std::size_t at = 0; fed && at < json.size(); at += piece) {
    fed = objects.Feed(std::string_view(json).substr(at, piece));
  }
  if (fed) fed = objects.Finish();
  if (!fed) read.error = fed.error().message;
  read.foreign = objects.foreign();
  return read;
}

// Where pieces end must not matter.
Read ReadJson(const std::string& json) {
  const Read whole = ReadIn(json, json.size() + 1);
  const Read bytes = ReadIn(json, 1);
  EXPECT_EQ(whole.objects, bytes.objects);
  EXPECT_EQ(whole.error, bytes.error);
  EXPECT_EQ(whole.foreign, bytes.foreign);
  return whole;
}

std::string List(const std::string& items) {
  return R"({"kind":"List","apiVersion":"v1","items":[)" + items + "]}";
}

TEST(JsonObjectsTest, ObjectsMayStandAloneOrBehindOneAnother) {
  EXPECT_EQ(ReadJson(kA).objects, (Texts{kA}));
  EXPECT_EQ(ReadJson(kA + "\n" + kB + "\n").objects, (Texts{kA, kB}));
  EXPECT_EQ(ReadJson(kA + kB).objects, (Texts{kA, kB}));
  EXPECT_TRUE(ReadJson("").objects.empty());
  EXPECT_EQ(ReadJson(" \n").error, "");
}

TEST(JsonObjectsTest, ListsAndArraysAreUnpacked) {
  const std::string both = kA + ", " + kB;
  EXPECT_EQ(ReadJson(List(both)).objects, (Texts{kA, kB}));
  EXPECT_EQ(ReadJson(List(List(kA) + "," + kB)).objects, (Texts{kA, kB}));
  EXPECT_EQ(ReadJson("[" + both + "]").objects, (Texts{kA, kB}));
  EXPECT_TRUE(ReadJson(List("")).objects.empty());
}

TEST(JsonObjectsTest, ItemsTakeTheirKindFromTheirListWhereverItStands) {
  const std::string item = R"({"metadata":{"name":"x"}})";
  const std::string typed = R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"x"}})";
  EXPECT_EQ(
      ReadJson(R"({"kind":"NamespaceList","apiVersion":"v1","items":[)" + item + "]}").objects,
      (Texts{typed}));
  EXPECT_EQ(
      ReadJson(R"({"items":[)" + item + R"(],"apiVersion":"v1","kind":"NamespaceList"})").objects,
      (Texts{typed}));
}

TEST(JsonObjectsTest, WhatIsNoKubernetesObjectIsCountedAndNotHandedOver) {
  const Read read = ReadJson(R"({"gitVersion":"v1.36.3"}{"kind":"x"})" + List(R"({"a":1})"));
  EXPECT_TRUE(read.objects.empty());
  EXPECT_EQ(read.foreign, 3U);
  EXPECT_EQ(read.error, "");
}

TEST(JsonObjectsTest, ErrorsNameTheLine) {
  EXPECT_EQ(ReadJson(kA + "\nhello").error, "2: expected { or [ of JSON");
  EXPECT_EQ(ReadJson("{\n\"kind\": \"broken\",\n\"apiVersion\" 1}").error, "3: not JSON");
  EXPECT_EQ(ReadJson("\n{\"a\":\n[1,").error, "3: the JSON that starts in line 2 breaks off");
  EXPECT_EQ(ReadJson("{\"broken\"]}").error, "1: not JSON");
}

TEST(JsonObjectsTest, AnObjectThatDoesNotDecodeButIsJsonIsNoErrorOfTheFile) {
  const std::string broken = R"({"apiVersion":"v1","kind":"broken"})";
  EXPECT_EQ(ReadJson(broken).error, "");
  EXPECT_EQ(ReadJson("{\"apiVersion\":\"v1\",\"kind\":\"broken\",\"x\":\"\xff\"}").error, "")
      << "ill-formed UTF-8 is repaired later";
}

// It once ended the program: nlohmann/json tells it apart from what is no JSON.
TEST(JsonObjectsTest, ANumberThatNoDoubleHoldsDoesNotEndTheProgram) {
  EXPECT_EQ(ReadJson("[1e999]").error,
            "1: malformed JSON: expected an object in the list of items");
  const Read read = ReadJson(R"({"apiVersion":"v1","kind":"Pod","broken":1e999})" + kB);
  EXPECT_EQ(read.error, "");
  EXPECT_EQ(read.objects.size(), 2u);
}

TEST(JsonObjectsTest, IllFormedUtf8IsRepairedWhereverItStands) {
  const std::string bad = "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"x\":\"\xff\"}";
  const std::string good = "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"x\":\"\xEF\xBF\xBD\"}";
  EXPECT_EQ(ReadJson(bad).objects, (Texts{good}));
  EXPECT_EQ(ReadJson(List(bad + "," + kA)).objects, (Texts{good, kA}));
}

TEST(JsonObjectsTest, BracketsAndQuotesInStringsDoNotCount) {
  const std::string object = R"({"apiVersion":"v1","kind":"Pod","x":"}]\"{\\"})";
  EXPECT_EQ(ReadJson(object + object).objects, (Texts{object, object}));
}

TEST(JsonObjectsTest, AListLargerThanOneObjectIsCutWhileItIsRead) {
  const std::string filler(64 * 1024, 'x');
  std::string items;
  std::size_t count = 0;
  for (; items.size() <= kube::kMaxItemBytes; ++count) {
    if (count > 0) items += ",\n";
    items += R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":")" + filler + R"("}})";
  }
  EXPECT_EQ(ReadIn(List(items), 64 * 1024).objects.size(), count);
  EXPECT_EQ(ReadIn("[" + items + "]", 1000).objects.size(), count);
  EXPECT_EQ(ReadIn(List(items + ",\n7"), 64 * 1024).error.substr(0, 4),
            std::to_string(count + 1) + ":")
      << "the line of what is no object";
}

TEST(JsonObjectsTest, OneObjectAboveTheLimitIsRefused) {
  const std::string huge = R"({"apiVersion":"v1","kind":"Pod","items":[{"x":")" +
                           std::string(kube::kMaxItemBytes + 1, 'x') + R"("}]})";
  const Read read = ReadIn(huge, 1 << 20);
  EXPECT_TRUE(read.objects.empty());
  EXPECT_NE(read.error, "");
}

}  // namespace
}  // namespace virtlens::tools
