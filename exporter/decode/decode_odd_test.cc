// What must happen with input that is not as it should be.
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "base/text.h"
#include "exporter/decode/decode.h"

namespace virtlens::exporter {
namespace {

using namespace std::string_literals;

std::string VmErrorOf(std::string_view json) {
  Decoder decoder;
  const auto vm = decoder.Vm(PaddedObject(json).view());
  if (vm) return "no error";
  EXPECT_EQ(vm.error().code, Code::kDecode);
  return vm.error().message;
}

TEST(DecodeOdd, WrongTypesNameThePath) {
  const auto with_status = [](const std::string& status) {
    return VmErrorOf(R"({"metadata":{"name":"a"},"status":)" + status + "}");
  };
  EXPECT_EQ(with_status(R"({"printableStatus":7})"), "status.printableStatus: expected a string");
  EXPECT_EQ(with_status(R"({"created":"yes"})"), "status.created: expected true or false");
  EXPECT_EQ(with_status(R"({"conditions":{}})"), "status.conditions: expected a list");
  EXPECT_EQ(with_status(R"({"conditions":[{},[]]})"), "status.conditions[1]: expected an object");
  EXPECT_EQ(with_status(R"({"conditions":[{"type":{}}]})"),
            "status.conditions[0].type: expected a string");
  EXPECT_EQ(with_status(R"({"startFailure":{"consecutiveFailCount":"3"}})"),
            "status.startFailure.consecutiveFailCount: expected a number");
  EXPECT_EQ(with_status("[]"), "status: expected an object");
  EXPECT_EQ(VmErrorOf(R"({"metadata":{"name":"a","labels":{"vitistack.io/machine":1}}})"),
            "metadata.labels.vitistack.io/machine: expected a string");
  EXPECT_EQ(VmErrorOf(R"({"metadata":{"name":"a"},"spec":{"template":{"spec":{"domain":
                {"memory":{"guest":{}}}}}}})"),
            "spec.template.spec.domain.memory.guest: expected a quantity");
}

TEST(DecodeOdd, TheRootMustBeAnObject) {
  for (const char* json : {"[]", "7", "\"text\"", "null", "true"}) {
    EXPECT_EQ(VmErrorOf(json), "expected an object") << json;
  }
}

TEST(DecodeOdd, BrokenJsonIsAnError) {
  for (const std::string& json :
       {""s, " "s, "{"s, R"({"metadata")"s, R"({"metadata":{"name":"a"})"s,
        R"({"metadata":{"name":"a)"s, R"({"metadata":{"name":"a"}}})"s,
        R"({"metadata":{"name":"a"}} {})"s, R"({"metadata":{"name":}})"s,
        R"({"metadata":{"name":"\x"}})"s, "{\0}"s}) {
    EXPECT_NE(VmErrorOf(json), "no error") << json;
  }
}

TEST(DecodeOdd, AMissingNameIsAnError) {
  for (const char* json : {"{}", R"({"metadata":null})", R"({"metadata":{}})",
                           R"({"metadata":{"name":null}})", R"({"metadata":{"name":""}})"}) {
    EXPECT_EQ(VmErrorOf(json), "metadata.name: missing") << json;
    EXPECT_FALSE(DecodeKey(PaddedObject(json).view())) << json;
  }
}

TEST(DecodeOdd, NullReadsAsMissing) {
  Decoder decoder;
  const auto bare = decoder.Vm(PaddedObject(R"({"metadata":{"name":"a"}})").view());
  const auto nulls =
      decoder.Vm(PaddedObject(R"({"metadata":{"name":"a","namespace":null,"uid":null,"labels":null,
          "creationTimestamp":null,"ownerReferences":null},
          "spec":{"running":null,"runStrategy":null,"instancetype":null,"template":{"metadata":null,
            "spec":{"domain":{"cpu":null,"memory":{"guest":null},"devices":{"disks":null,
              "interfaces":[null]}},"networks":null,"volumes":[null]}}},
          "status":{"conditions":[null],"created":null,"printableStatus":null,
            "startFailure":null,"stateChangeRequests":null}})")
                     .view());
  ASSERT_TRUE(bare) << bare.error().message;
  ASSERT_TRUE(nulls) << nulls.error().message;
  EXPECT_EQ(*nulls, *bare);
}

TEST(DecodeOdd, UnknownWordsBecomeOther) {
  Decoder decoder;
  const auto vm =
      decoder.Vm(PaddedObject(R"({"metadata":{"name":"a"},"status":{"printableStatus":"Levitating",
          "conditions":[{"type":"Ready","reason":"dial tcp 10.0.0.1: refused"}]}})")
                     .view());
  ASSERT_TRUE(vm) << vm.error().message;
  EXPECT_EQ(vm->status.text(), "other");
  EXPECT_EQ(vm->conditions.at(0).reason.text(), "other");
}

TEST(DecodeOdd, NumbersAreClampedAndNeverNegativeAmounts) {
  Decoder decoder;
  const auto fail_count = [&](const std::string& number) {
    const auto vm = decoder.Vm(PaddedObject(R"({"metadata":{"name":"a"},"status":{"startFailure":
        {"consecutiveFailCount":)" + number +
                                            "}}}")
                                   .view());
    EXPECT_TRUE(vm) << vm.error().message;
    return vm->start_failures;
  };
  EXPECT_EQ(fail_count("123456789012345678901234567890"), std::numeric_limits<int>::max());
  EXPECT_EQ(fail_count("-1e30"), std::numeric_limits<int>::min());
  EXPECT_EQ(fail_count("-2"), -2);
  const auto cpus = [&](const std::string& cpu) {
    const auto vm = decoder.Vm(PaddedObject(R"({"metadata":{"name":"a"},"spec":{"template":
        {"spec":{"domain":{"cpu":)" + cpu + "}}}}}")
                                   .view());
    EXPECT_TRUE(vm) << vm.error().message;
    return vm->spec.cpu_cores;
  };
  EXPECT_EQ(cpus(R"({"cores":-4,"sockets":2})"), 2);
  EXPECT_EQ(cpus(R"({"cores":4294967295})"), 4294967295.0);
}

TEST(DecodeOdd, OfDuplicateKeysTheLastScalarAndListWin) {
  Decoder decoder;
  const auto vm = decoder.Vm(PaddedObject(R"({"metadata":{"name":"a","name":"b"},
          "status":{"printableStatus":"Stopped","printableStatus":"Running",
            "conditions":[{"type":"Ready"},{"type":"Paused"}],"conditions":[{"type":"Failure"}]},
          "status":{"ready":true},"metadata":{"uid":"u"}})")
                                 .view());
  ASSERT_TRUE(vm) << vm.error().message;
  EXPECT_EQ(vm->meta.key.name, "b");
  EXPECT_EQ(vm->meta.uid, "u");
  EXPECT_EQ(vm->status.text(), "Running");
  EXPECT_TRUE(vm->ready);
  ASSERT_EQ(vm->conditions.size(), 1U);
  EXPECT_EQ(vm->conditions[0].type.text(), "Failure");
}

TEST(DecodeOdd, TimesThatAreNotRfc3339AreUnknown) {
  Decoder decoder;
  const auto vm = decoder.Vm(
      PaddedObject(R"({"metadata":{"name":"a","creationTimestamp":"yesterday"}})").view());
  ASSERT_TRUE(vm) << vm.error().message;
  EXPECT_EQ(vm->meta.created, 0);
}

TEST(DecodeOdd, BadUtf8IsRepairedAndCounted) {
  Decoder decoder;
  const auto vm = decoder.Vm(
      PaddedObject("{\"metadata\":{\"name\":\"a\",\"uid\":\"x\xFFy\",\"labels\":{\"\xC3\":\"z\"}}}")
          .view());
  ASSERT_TRUE(vm) << vm.error().message;
  EXPECT_EQ(vm->meta.uid, "x\uFFFDy");
  EXPECT_EQ(decoder.repaired(), 2U);
  const auto key = DecodeKey(PaddedObject("{\"metadata\":{\"name\":\"a\xFF\"}}").view());
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(key->name, "a\uFFFD");
}

std::string UidOf(const std::string& escaped) {
  Decoder decoder;
  const auto vm =
      decoder.Vm(PaddedObject(R"({"metadata":{"name":"a","uid":")" + escaped + "\"}}").view());
  EXPECT_TRUE(vm) << vm.error().message;
  return vm.value_or(VmRow()).meta.uid;
}

TEST(DecodeOdd, LoneSurrogateEscapesAreReplaced) {
  EXPECT_EQ(UidOf(R"(x\ud800y)"), "x\uFFFDy");
  EXPECT_EQ(UidOf(R"(x\udc00y)"), "x\uFFFDy");
  EXPECT_EQ(UidOf(R"(\uD800)"), "\uFFFD");
  EXPECT_EQ(UidOf(R"(\ud800\ud800)"), "\uFFFD\uFFFD");
  EXPECT_EQ(UidOf(R"(\ud800\udc00\udc00)"), "\U00010000\uFFFD");
  EXPECT_EQ(UidOf(R"(\udc00\ud800)"), "\uFFFD\uFFFD");
  EXPECT_EQ(UidOf(R"(\\ud800 \ud83d\ude00)"), "\\ud800 \U0001F600");
  EXPECT_EQ(UidOf("\uD7FF\uE000"), "\uD7FF\uE000");
}

TEST(DecodeOdd, AnySurrogateMixtureStaysUnicode) {
  for (const char* first : {R"(\ud800)", R"(\udbff)", R"(\udc00)", R"(\udfff)"}) {
    for (const char* second : {R"(\u0041)", R"(\ud800)", R"(\uffff)", R"(\n)", "x", ""}) {
      EXPECT_TRUE(IsUtf8(UidOf(std::string(first) + second))) << first << second;
    }
  }
}

TEST(DecodeOdd, LoneSurrogatesInKeysAndSkippedTextDoNoHarm) {
  Decoder decoder({.shown = {.vm_labels = {"*"}}});
  const auto vm = decoder.Vm(
      PaddedObject(R"({"metadata":{"name":"a","labels":{"k\ud800":"v"}},"\udc00":1,"x":"\udc00"})")
          .view());
  ASSERT_TRUE(vm) << vm.error().message;
  EXPECT_EQ(vm->labels.at(0).first, "label_k___");
  EXPECT_EQ(decoder.repaired(), 3U);
}

TEST(DecodeOdd, LongStringsAreCutBetweenCharacters) {
  Decoder decoder;
  const std::string name = std::string(9999, 'a') + "\u00FC" + std::string(100, 'b');
  const auto vm = decoder.Vm(PaddedObject(R"({"metadata":{"name":")" + name + "\"}}").view());
  ASSERT_TRUE(vm) << vm.error().message;
  EXPECT_EQ(vm->meta.key.name, std::string(9999, 'a'));
}

TEST(DecodeOdd, ListsAreCutAfterAThousandElements) {
  Decoder decoder;
  std::string conditions;
  for (int i = 0; i < 1500; ++i) {
    conditions += std::string(i > 0 ? "," : "") + R"({"type":"Ready"})";
  }
  const auto vm = decoder.Vm(PaddedObject(R"({"metadata":{"name":"a"},"status":{"conditions":[)" +
                                          conditions + R"(],"ready":true}})")
                                 .view());
  ASSERT_TRUE(vm) << vm.error().message;
  EXPECT_EQ(vm->conditions.size(), 1000U);
  EXPECT_TRUE(vm->ready);
}

TEST(DecodeOdd, DeepNestingOfUnknownFieldsIsSkipped) {
  Decoder decoder;
  const auto vm = decoder.Vm(PaddedObject(R"({"deep":)" + std::string(100000, '[') +
                                          std::string(100000, ']') + R"(,"metadata":{"name":"a"}})")
                                 .view());
  if (vm) {
    EXPECT_EQ(vm->meta.key.name, "a");
  } else {
    EXPECT_EQ(vm.error().code, Code::kDecode);
  }
}

TEST(DecodeOdd, ALargeObjectIsReadAndTheNextOneToo) {
  Decoder decoder;
  const std::string filler(3 * 1024 * 1024, 'f');
  const auto large =
      decoder.Vm(PaddedObject(R"({"filler":")" + filler + R"(","metadata":{"name":"a"}})").view());
  ASSERT_TRUE(large) << large.error().message;
  const auto next = decoder.Vm(PaddedObject(R"({"metadata":{"name":"b"}})").view());
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_EQ(next->meta.key.name, "b");
}

TEST(DecodeOdd, AnObjectBeyondTheLimitIsAnError) {
  const std::string filler(25 * 1024 * 1024, ' ');
  EXPECT_EQ(VmErrorOf("{" + filler + "}"), "larger than 25165824 bytes");
}

TEST(DecodeOdd, ADecoderGoesOnAfterAnError) {
  Decoder decoder;
  EXPECT_FALSE(decoder.Vmi(PaddedObject(R"({"metadata":{"name":)").view()));
  EXPECT_TRUE(decoder.Vmi(PaddedObject(R"({"metadata":{"name":"a"}})").view()));
}

}  // namespace
}  // namespace virtlens::exporter
