#include "kube/splitter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/random.h"
#include "kube/json_scan.h"

namespace virtlens::kube {
namespace {

using nlohmann::json;

struct SplitList {
  std::vector<json> items;
  ListEnvelope envelope;
};

// Feeds `text` in pieces that end at `cuts`.
template <class Splitter>
Result<void> FeedCut(Splitter& splitter, std::string_view text, std::vector<std::size_t> cuts) {
  std::sort(cuts.begin(), cuts.end());
  std::size_t begin = 0;
  for (const std::size_t cut : cuts) {
    VIRTLENS_CHECK(splitter.Feed(text.substr(begin, cut - begin)));
    begin = cut;
  }
  return splitter.Feed(text.substr(begin));
}

Result<SplitList> Split(std::string_view text, const std::vector<std::size_t>& cuts = {},
                        std::size_t limit = kMaxItemBytes) {
  SplitList list;
  ListSplitter splitter(
      [&](std::string_view item) {
        for (std::size_t i = 0; i < kItemPadding; ++i) EXPECT_EQ(item.data()[item.size() + i], 0);
        list.items.push_back(json::parse(item));
      },
      limit);
  VIRTLENS_CHECK(FeedCut(splitter, text, cuts));
  VIRTLENS_TRY(list.envelope, splitter.Finish());
  return list;
}

struct Event {
  EventType type;
  json object;
  bool operator==(const Event&) const = default;
};

Result<std::vector<Event>> SplitWatch(std::string_view text,
                                      const std::vector<std::size_t>& cuts = {},
                                      std::size_t limit = kMaxItemBytes) {
  std::vector<Event> events;
  WatchSplitter splitter(
      [&](EventType type, std::string_view object) {
        for (std::size_t i = 0; i < kItemPadding; ++i) {
          EXPECT_EQ(object.data()[object.size() + i], 0);
        }
        events.push_back({type, json::parse(object)});
      },
      limit);
  VIRTLENS_CHECK(FeedCut(splitter, text, cuts));
  if (!splitter.at_boundary()) return Fail(Code::kDecode, "half an event left");
  return events;
}

TEST(ListSplitter, FindsItemsAndEnvelopeWhateverTheCut) {
  const std::string text =
      R"( {"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"17","continue":"a\"b"},)"
      R"("items":[{"a":"}]\\"},{"b":{"c":[1,2,{"d":"\"{"}]}} , {}]} )"
      "\n";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const auto list = Split(text, {cut});
    ASSERT_TRUE(list) << cut << list.error().message;
    ASSERT_EQ(list->items.size(), 3U);
    EXPECT_EQ(list->items[0], json::parse(R"({"a":"}]\\"})"));
    EXPECT_EQ(list->items[1], json::parse(R"({"b":{"c":[1,2,{"d":"\"{"}]}})"));
    EXPECT_EQ(list->envelope.kind, "PodList");
    EXPECT_EQ(list->envelope.api_version, "v1");
    EXPECT_EQ(list->envelope.resource_version, "17");
    EXPECT_EQ(list->envelope.continue_token, "a\"b");
  }
}

TEST(ListSplitter, MetadataMayFollowItemsAndUnknownMembersAreSkipped) {
  const auto list = Split(R"({"x":[{"items":[{}]},[[]]],"n":-1.5e3,"items":[{"i":1}],"t":true,
      "y":{"metadata":{"resourceVersion":"no"}},"s":"\\\"","metadata":{"resourceVersion":"9"}})");
  ASSERT_TRUE(list);
  ASSERT_EQ(list->items.size(), 1U);
  EXPECT_EQ(list->envelope.resource_version, "9");
}

TEST(ListSplitter, NullAndMissingItemsAreAnEmptyList) {
  EXPECT_TRUE(Split(R"({"items":null})"));
  EXPECT_TRUE(Split(R"({"items":[]})"));
  EXPECT_TRUE(Split("{}"));
}

TEST(ListSplitter, EscapedKeysAreTheSameKeys) {
  const auto list = Split(R"({"it\u0065ms":[{}]})");
  ASSERT_TRUE(list);
  EXPECT_EQ(list->items.size(), 1U);
}

TEST(ListSplitter, RefusesWhatIsNoList) {
  for (const std::string_view text :
       {"[]", "nul", R"({"items":[1]})", R"({"items":{}})", R"({"items":"x"})", R"({"items":nix})",
        R"({"items":[{}],"items":[]})", R"({"items":[{} {}]})", R"({"items":[{},]})", "{} x",
        R"({"a" 1})", R"({"a":})", R"({"a":1,})", R"({"a":1 "b":2})", R"({"metadata":{"x":}})",
        R"({"items":[{})", "{", ""}) {
    const auto list = Split(text);
    ASSERT_FALSE(list) << text;
    EXPECT_EQ(list.error().code, Code::kDecode) << text;
  }
}

TEST(ListSplitter, RefusesAnItemOverTheLimitAndStaysRefused) {
  const std::string item = R"({"a":")" + std::string(100, 'x') + "\"}";
  const std::string text = R"({"items":[)" + item + "]}";
  EXPECT_TRUE(Split(text, {}, item.size()));
  EXPECT_FALSE(Split(text, {}, item.size() - 1));

  ListSplitter splitter([](std::string_view) {}, 10);
  EXPECT_FALSE(splitter.Feed(text));
  EXPECT_FALSE(splitter.Feed("{}"));
  EXPECT_FALSE(splitter.Finish());
}

TEST(ListSplitter, RefusesHugeMetadataButSkipsHugeUnknownMembers) {
  const std::string huge(100'000, 'x');
  EXPECT_FALSE(Split(R"({"metadata":{"a":")" + huge + R"("}})"));
  EXPECT_TRUE(Split(R"({"other":{"a":")" + huge + R"("}})"));
  EXPECT_TRUE(Split(R"({")" + huge + R"(":1})"));
}

TEST(WatchSplitter, FindsEventsWhateverTheCut) {
  const std::string text =
      "{\"type\":\"ADDED\",\"object\":{\"a\":\"\\\\\"}}\n\n"
      " {\"object\":{\"b\":[{}]},\"type\":\"DELETED\",\"x\":[1]}\n"
      "{\"type\":\"BOOKMARK\",\"object\":{}}{\"type\":\"ERROR\",\"object\":{\"code\":410}}\n";
  const std::vector<Event> expected = {{EventType::kAdded, json::parse(R"({"a":"\\"})")},
                                       {EventType::kDeleted, json::parse(R"({"b":[{}]})")},
                                       {EventType::kBookmark, json::object()},
                                       {EventType::kError, json::parse(R"({"code":410})")}};
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const auto events = SplitWatch(text, {cut});
    ASSERT_TRUE(events) << cut;
    EXPECT_EQ(*events, expected) << cut;
  }
}

TEST(WatchSplitter, KnowsWhenALineIsHalfRead) {
  WatchSplitter splitter([](EventType, std::string_view) {});
  EXPECT_TRUE(splitter.at_boundary());
  EXPECT_TRUE(splitter.Feed(R"({"type":"ADDED","obj)"));
  EXPECT_FALSE(splitter.at_boundary());
  EXPECT_TRUE(splitter.Feed("ect\":{}}\n"));
  EXPECT_TRUE(splitter.at_boundary());
}

TEST(WatchSplitter, RefusesWhatIsNoEvent) {
  for (const std::string_view text :
       {R"({"type":"GONE","object":{}})", R"({"type":"ADDED"})", R"({"object":{}})",
        R"({"type":"ADDED","object":[]})", R"({"type":"ADDED","object":null})",
        R"({"type":1,"object":{}})", "garbage", "[]"}) {
    const auto events = SplitWatch(text);
    ASSERT_FALSE(events) << text;
    EXPECT_EQ(events.error().code, Code::kDecode) << text;
  }
}

TEST(WatchSplitter, RefusesAGiantLineWithoutKeepingIt) {
  const std::string huge(20'000, 'x');
  EXPECT_FALSE(SplitWatch(R"({"type":"ADDED","object":{"a":")" + huge + "\"}}", {}, 10'000));
  EXPECT_FALSE(SplitWatch(R"({"junk":{"a":")" + huge + huge, {30'000}, 10'000));
}

TEST(JsonScan, FindsMembersWithoutReadingTheRest) {
  const std::string_view object =
      R"({"kind":"Pod","spec":{"metadata":{"x":1}},"metadata":{"a":{"resourceVersion":"no"},)"
      R"("resourceVersion" : "42","z":[}})";
  EXPECT_EQ(PlainString(FindMember(FindMember(object, "metadata"), "resourceVersion")), "42");
  EXPECT_EQ(FindMember(object, "absent"), "");
  EXPECT_EQ(FindMember(R"({"n": 12 })", "n"), "12");
  EXPECT_EQ(FindMember("[]", "n"), "");
  EXPECT_EQ(FindMember(R"({"n")", "n"), "");
  EXPECT_EQ(PlainString("12"), "");
}

// Random JSON of every kind, with the characters that trip cutters.
class JsonMaker {
 public:
  explicit JsonMaker(Random& random) : random_(random) {}

  json Value(int depth) {
    switch (random_.Below(depth > 0 ? 7 : 5)) {
      case 0:
        return nullptr;
      case 1:
        return random_.Below(2) == 0;
      case 2:
        return static_cast<std::int64_t>(random_.Below(1'000'000)) - 500'000;
      case 3:
        return random_.Unit() * 1e6;
      case 4:
        return Text();
      case 5: {
        json array = json::array();
        for (std::uint64_t n = random_.Below(5); n > 0; --n) array.push_back(Value(depth - 1));
        return array;
      }
      default:
        return Object(depth - 1);
    }
  }

  json Object(int depth) {
    json object = json::object();
    for (std::uint64_t n = random_.Below(6); n > 0; --n) object[Text()] = Value(depth);
    return object;
  }

  std::string Text() {
    static constexpr std::string_view kPieces[] = {
        "\"",
        "\\",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\n",
        "\\\\\"",
        "items",
        "metadata",
        "plain text that is longer than a block of sixty-four bytes, so that it spans two of them",
        "é",
        "\x01"};
    std::string text;
    for (std::uint64_t n = random_.Below(6); n > 0; --n) {
      text += kPieces[random_.Below(std::size(kPieces))];
    }
    return text;
  }

  std::vector<std::size_t> Cuts(std::size_t size) {
    std::vector<std::size_t> cuts(random_.Below(20));
    for (std::size_t& cut : cuts) cut = random_.Below(size + 1);
    return cuts;
  }

 private:
  Random& random_;
};

TEST(ListSplitter, ReadsRandomListsAsNlohmannDoes) {
  Random random(7);
  JsonMaker maker(random);
  for (int round = 0; round < 1000; ++round) {
    json list = maker.Object(3);
    list["kind"] = maker.Text();
    list["metadata"] = maker.Object(2);
    list["metadata"]["resourceVersion"] = maker.Text();
    list["items"] = json::array();
    for (std::uint64_t n = random.Below(8); n > 0; --n) list["items"].push_back(maker.Object(4));
    const std::string text = list.dump(static_cast<int>(random.Below(4)) - 1);
    const auto split = Split(text, maker.Cuts(text.size()));
    ASSERT_TRUE(split) << text << split.error().message;
    ASSERT_EQ(json(split->items), list["items"]) << text;
    ASSERT_EQ(split->envelope.resource_version,
              list["metadata"]["resourceVersion"].get<std::string>());
    ASSERT_EQ(split->envelope.kind, list["kind"].get<std::string>());
  }
}

TEST(WatchSplitter, ReadsRandomStreamsAsNlohmannDoes) {
  Random random(8);
  JsonMaker maker(random);
  static constexpr const char* kNames[] = {"ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"};
  for (int round = 0; round < 1000; ++round) {
    std::string text;
    std::vector<Event> expected;
    for (std::uint64_t n = random.Below(6); n > 0; --n) {
      const auto type = random.Below(std::size(kNames));
      json event = maker.Object(2);  // its keys come before and after "object" and "type"
      event["object"] = maker.Object(4);
      event["type"] = kNames[type];
      text += event.dump() + "\n";
      expected.push_back({static_cast<EventType>(type), event["object"]});
    }
    const auto events = SplitWatch(text, maker.Cuts(text.size()));
    ASSERT_TRUE(events) << text << events.error().message;
    ASSERT_EQ(*events, expected) << text;
  }
}

}  // namespace
}  // namespace virtlens::kube
