// Thousands of random objects: the two decoders agree, and the order of fields does not matter.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/random.h"
#include "exporter/decode/decode.h"
#include "exporter/decode/testing/random_object.h"
#include "exporter/decode/testing/sample_objects.h"
#include "exporter/decode/testing/simple_decode.h"

namespace virtlens::exporter {
namespace {

constexpr int kRounds = 2000;

TEST(DecodeRandom, VmAgreesWithTheSimpleDecoder) {
  Random random(20261121);
  Decoder decoder({.shown = {.vm_labels = {"app"}}});
  for (int round = 0; round < kRounds; ++round) {
    const nlohmann::json object = testing::RandomVm(random);
    const std::string text = testing::DumpShuffled(object, random);
    const auto row = decoder.Vm(PaddedObject(text).view());
    ASSERT_TRUE(row) << row.error().message << "\n" << text;
    ASSERT_EQ(*row, testing::SimpleVm(object)) << "round " << round << "\n" << text;
  }
}

TEST(DecodeRandom, VmiAgreesWithTheSimpleDecoder) {
  Random random(20261122);
  Decoder decoder;
  for (int round = 0; round < kRounds; ++round) {
    const nlohmann::json object = testing::RandomVmi(random);
    const std::string text = testing::DumpShuffled(object, random);
    const auto row = decoder.Vmi(PaddedObject(text).view());
    ASSERT_TRUE(row) << row.error().message << "\n" << text;
    ASSERT_EQ(*row, testing::SimpleVmi(object)) << "round " << round << "\n" << text;
  }
}

TEST(DecodeRandom, FieldOrderDoesNotMatter) {
  Random random(20261123);
  Decoder decoder({.shown = {.vm_labels = {"*"}}});
  const auto vm = nlohmann::json::parse(testing::kVm);
  const auto vmi = nlohmann::json::parse(testing::kVmi);
  const auto first_vm = decoder.Vm(PaddedObject(testing::kVm).view());
  const auto first_vmi = decoder.Vmi(PaddedObject(testing::kVmi).view());
  ASSERT_TRUE(first_vm && first_vmi);
  for (int round = 0; round < 200; ++round) {
    const auto next_vm = decoder.Vm(PaddedObject(testing::DumpShuffled(vm, random)).view());
    const auto next_vmi = decoder.Vmi(PaddedObject(testing::DumpShuffled(vmi, random)).view());
    ASSERT_TRUE(next_vm && next_vmi);
    ASSERT_EQ(*next_vm, *first_vm);
    ASSERT_EQ(*next_vmi, *first_vmi);
  }
}

TEST(DecodeRandom, CutAnywhereIsAnErrorAndNeverACrash) {
  Decoder decoder;
  const std::string_view text = testing::kVmi;
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto row = decoder.Vmi(PaddedObject(text.substr(0, size)).view());
    ASSERT_FALSE(row) << size;
    ASSERT_EQ(row.error().code, Code::kDecode);
  }
}

}  // namespace
}  // namespace virtlens::exporter
