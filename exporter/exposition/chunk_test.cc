#include "exporter/exposition/chunk.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"

namespace virtlens::exporter {
namespace {

std::string SampleText(std::size_t bytes) {
  std::string text;
  for (int i = 0; text.size() < bytes; ++i) {
    text += "virt_vm_phase{project=\"p" + std::to_string(i % 7) + "\",vm_name=\"vm-" +
            std::to_string(i) + "\",phase=\"Running\"} 1\n";
  }
  text.resize(bytes);
  return text;
}

std::string RandomBytes(std::size_t bytes) {
  Random random(7);
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>(random.Below(256));
  return text;
}

std::string InflatedBy(const Compressor& compressor, const Chunk& chunk) {
  std::string text;
  const Result<void> inflated = Inflate(chunk, text, compressor);
  return inflated ? text : "error: " + inflated.error().message;
}

TEST(Chunk, EveryCompressorInflatesWhatEveryOtherDeflated) {
  const std::vector<std::string> texts = {"x",
                                          "virt_vm_ready 1\n",
                                          SampleText(300),
                                          SampleText(65'536),
                                          SampleText(3'000'000),
                                          RandomBytes(1),
                                          RandomBytes(65'535),
                                          RandomBytes(65'536),
                                          RandomBytes(1'000'000),
                                          std::string(500'000, 'a')};
  for (const Compressor* deflater : Compressors()) {
    for (const Compressor* inflater : Compressors()) {
      for (const std::string& text : texts) {
        const auto chunk = deflater->Compress(text);
        ASSERT_NE(chunk, nullptr);
        EXPECT_EQ(chunk->raw_size, text.size());
        EXPECT_TRUE(InflatedBy(*inflater, *chunk) == text)
            << deflater->name() << " to " << inflater->name() << ", " << text.size() << " bytes";
      }
    }
  }
}

TEST(Chunk, CompressorsAgreeOnTheCrcOfRfc1952) {
  for (const Compressor* compressor : Compressors()) {
    EXPECT_EQ(compressor->Crc32("123456789"), 0xCBF43926U) << compressor->name();
  }
}

TEST(Chunk, EndsWithAFlushedEmptyStoredBlockSoThatAnyChunkMayFollow) {
  for (const Compressor* compressor : Compressors()) {
    const auto chunk = compressor->Compress(SampleText(5000));
    ASSERT_GE(chunk->deflated.size(), 4U);
    EXPECT_EQ(chunk->deflated.substr(chunk->deflated.size() - 4), std::string("\0\0\xff\xff", 4))
        << compressor->name();
  }
}

TEST(Chunk, TextCompressesAtLeastFourfold) {
  for (const Compressor* compressor : Compressors()) {
    EXPECT_LT(compressor->Compress(SampleText(65'536))->deflated.size(), 16'384U)
        << compressor->name();
  }
}

TEST(Chunk, WhatCannotBeCompressedGrowsByLessThanTwoPercent) {
  for (const Compressor* compressor : Compressors()) {
    EXPECT_LT(compressor->Compress(RandomBytes(100'000))->deflated.size(), 102'000U)
        << compressor->name();
  }
}

TEST(Chunk, EmptyTextNeedsNoChunk) { EXPECT_EQ(Compress(""), nullptr); }

TEST(Chunk, SameTextGivesSameBytes) {
  const std::string text = SampleText(40'000);
  for (const Compressor* compressor : Compressors()) {
    const auto first = compressor->Compress(text);
    // Something else in between: the thread's state must not leak into the next chunk.
    compressor->Compress(RandomBytes(70'000));
    EXPECT_EQ(compressor->Compress(text)->deflated, first->deflated) << compressor->name();
  }
}

TEST(Chunk, InflateAppendsAndLeavesTheTextAloneOnError) {
  const auto chunk = Compress("b 2\n");
  std::string out = "a 1\n";
  ASSERT_TRUE(Inflate(*chunk, out));
  EXPECT_EQ(out, "a 1\nb 2\n");

  Chunk damaged = *chunk;
  damaged.crc32 ^= 1;
  const Result<void> inflated = Inflate(damaged, out);
  ASSERT_FALSE(inflated);
  EXPECT_EQ(inflated.error().code, Code::kDecode);
  EXPECT_EQ(out, "a 1\nb 2\n");
}

TEST(Chunk, DamagedChunksAreFound) {
  const std::string text = SampleText(2000);
  for (const Compressor* compressor : Compressors()) {
    const auto good = compressor->Compress(text);
    const auto fails = [&](const Chunk& chunk) {
      std::string out;
      const Result<void> inflated = Inflate(chunk, out, *compressor);
      return !inflated && inflated.error().code == Code::kDecode && out.empty();
    };
    Chunk longer = *good;
    longer.raw_size += 1;
    EXPECT_TRUE(fails(longer)) << compressor->name();
    Chunk shorter = *good;
    shorter.raw_size -= 1;
    EXPECT_TRUE(fails(shorter)) << compressor->name();
    Chunk cut = *good;
    cut.deflated.resize(cut.deflated.size() / 2);
    EXPECT_TRUE(fails(cut)) << compressor->name();
    Chunk huge = *good;
    huge.raw_size = std::uint64_t{1} << 60;
    EXPECT_TRUE(fails(huge)) << compressor->name();
    Chunk garbage = *good;
    garbage.deflated = RandomBytes(500);
    EXPECT_TRUE(fails(garbage)) << compressor->name();
    Chunk empty = *good;
    empty.deflated.clear();
    EXPECT_TRUE(fails(empty)) << compressor->name();
    Chunk final_block = *good;
    final_block.deflated += std::string("\x03\x00", 2);
    EXPECT_TRUE(fails(final_block)) << compressor->name();
  }
}

TEST(Chunk, ThreadsCompressSideBySide) {
  const std::string text = SampleText(50'000);
  for (const Compressor* compressor : Compressors()) {
    const auto expected = compressor->Compress(text);
    std::vector<std::string> results(4);
    {
      std::vector<std::jthread> threads;
      threads.reserve(results.size());
      for (std::string& result : results) {
        threads.emplace_back([&] {
          for (int i = 0; i < 20; ++i) {
            const auto chunk = compressor->Compress(text);
            std::string out;
            result = Inflate(*chunk, out, *compressor) && out == text ? chunk->deflated : "wrong";
          }
        });
      }
    }
    for (const std::string& result : results) EXPECT_TRUE(result == expected->deflated);
  }
}

TEST(Chunk, ZlibIsAlwaysThereAndTheDefaultComesFirst) {
  std::set<std::string_view> names;
  for (const Compressor* compressor : Compressors()) names.insert(compressor->name());
  EXPECT_TRUE(names.contains("zlib"));
  EXPECT_EQ(names.size(), names.contains("isa-l") ? 2U : 1U);
  EXPECT_EQ(&DefaultCompressor(), Compressors().front());
}

}  // namespace
}  // namespace virtlens::exporter
