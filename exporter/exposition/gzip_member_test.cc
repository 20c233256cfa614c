#include "exporter/exposition/gzip_member.h"

#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace virtlens::exporter {
namespace {

using Chunks = std::vector<std::shared_ptr<const Chunk>>;

std::string Bytes(const GzipMember& member) {
  std::string bytes;
  for (const http::Buffer& buffer : member.buffers) bytes += buffer.bytes;
  return bytes;
}

struct OneMember {
  std::string text;
  int status = Z_OK;
  std::size_t left_over = 0;  // bytes after the first member
};

// Reads as curl and urllib3 do: one gzip stream, and stop where it ends.
OneMember InflateOneMember(std::string gzip) {
  OneMember read;
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  stream.next_in = reinterpret_cast<Bytef*>(gzip.data());
  stream.avail_in = static_cast<uInt>(gzip.size());
  std::string piece(1 << 16, '\0');
  while (read.status == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    read.status = inflate(&stream, Z_NO_FLUSH);
    read.text.append(piece, 0, piece.size() - stream.avail_out);
  }
  read.left_over = stream.avail_in;
  inflateEnd(&stream);
  return read;
}

// The same chunks as a scrape has: headers of a line, leaves of many KiB, both compressors.
std::pair<Chunks, std::string> ManyChunks() {
  std::pair<Chunks, std::string> made;
  for (std::size_t i = 0; i < 120; ++i) {
    std::string text = "# TYPE f" + std::to_string(i) + " gauge\n";
    for (std::size_t line = 0; line < i * 3; ++line) {
      text += "f" + std::to_string(i) + "{vm_name=\"vm-" + std::to_string(line * 31) + "\"} " +
              std::to_string(line) + "\n";
    }
    const auto all = Compressors();
    made.first.push_back(all[i % all.size()]->Compress(text));
    if (i % 10 == 0) made.first.push_back(nullptr);
    made.second += text;
  }
  return made;
}

// What a program prints when it reads the member from a file.
std::string ThroughProgram(const std::string& command, const std::string& gzip) {
  const std::string path =
      testing::TempDir() + "/virtlens_gzip_member_" + std::to_string(getpid()) + ".gz";
  std::ofstream(path, std::ios::binary) << gzip;
  std::string output;
  std::FILE* pipe = popen((command + " '" + path + "' 2>&1").c_str(), "r");
  if (pipe == nullptr) return "no pipe";
  std::string piece(1 << 16, '\0');
  while (const std::size_t got = std::fread(piece.data(), 1, piece.size(), pipe)) {
    output.append(piece, 0, got);
  }
  const int status = pclose(pipe);
  std::filesystem::remove(path);
  return status == 0 ? output : "exit status " + std::to_string(status) + ": " + output;
}

TEST(GzipMember, IsOneMemberWithNothingBehindIt) {
  const auto [chunks, text] = ManyChunks();
  const OneMember read = InflateOneMember(Bytes(Stitch(chunks)));
  EXPECT_EQ(read.status, Z_STREAM_END);
  EXPECT_EQ(read.left_over, 0U);
  EXPECT_TRUE(read.text == text);
}

TEST(GzipMember, GunzipReadsIt) {
  const auto [chunks, text] = ManyChunks();
  const std::string gzip = Bytes(Stitch(chunks));
  EXPECT_TRUE(ThroughProgram("gunzip -c", gzip) == text);
  EXPECT_EQ(ThroughProgram("gzip -t", gzip), "");
}

TEST(GzipMember, PythonReadsItAlsoAsASingleStream) {
  const auto [chunks, text] = ManyChunks();
  const std::string gzip = Bytes(Stitch(chunks));
  EXPECT_TRUE(ThroughProgram("python3 -c 'import gzip, sys\n"
                             "sys.stdout.buffer.write(gzip.open(sys.argv[1]).read())'",
                             gzip) == text);
  // As urllib3 does: one decompressor, whatever follows its end is lost.
  EXPECT_TRUE(ThroughProgram("python3 -c 'import zlib, sys\n"
                             "d = zlib.decompressobj(31)\n"
                             "t = d.decompress(open(sys.argv[1], \"rb\").read())\n"
                             "assert d.eof and not d.unused_data\n"
                             "sys.stdout.buffer.write(t)'",
                             gzip) == text);
}

TEST(GzipMember, OfNoChunksIsTheMemberOfTheEmptyText) {
  const GzipMember member = Stitch({});
  EXPECT_EQ(member.size, kGzipOverhead);
  const OneMember read = InflateOneMember(Bytes(member));
  EXPECT_EQ(read.status, Z_STREAM_END);
  EXPECT_EQ(read.text, "");
  EXPECT_EQ(ThroughProgram("gunzip -c", Bytes(member)), "");
}

TEST(GzipMember, ChunksMayStandInAnyOrderAndRepeat) {
  const auto a = Compress("aaaaaaaaaaaaaaaaaaaaaaaaaaaa 1\n");
  const auto b = Compress("bbbbbbbbbbbbbbbbbbbbbbbbbbbb 2\n");
  const OneMember read = InflateOneMember(Bytes(Stitch(Chunks{b, a, b, b})));
  EXPECT_EQ(read.text,
            "bbbbbbbbbbbbbbbbbbbbbbbbbbbb 2\naaaaaaaaaaaaaaaaaaaaaaaaaaaa 1\n"
            "bbbbbbbbbbbbbbbbbbbbbbbbbbbb 2\nbbbbbbbbbbbbbbbbbbbbbbbbbbbb 2\n");
  EXPECT_EQ(read.status, Z_STREAM_END);
}

TEST(GzipMember, HeaderAndTrailerAreThoseOfRfc1952) {
  const std::string bytes = Bytes(Stitch(Chunks{Compress("123456789")}));
  EXPECT_EQ(bytes.substr(0, 10), std::string("\x1f\x8b\x08\0\0\0\0\0\x04\xff", 10));
  EXPECT_EQ(bytes.substr(bytes.size() - 10),
            std::string("\x03\x00\x26\x39\xf4\xcb\x09\x00\x00\x00", 10));
}

TEST(GzipMember, SizeIsTheSumOfItsBuffersAndChunksAreNotCopied) {
  const auto [chunks, text] = ManyChunks();
  const GzipMember member = Stitch(chunks);
  EXPECT_EQ(member.size, Bytes(member).size());
  EXPECT_EQ(member.buffers[1].bytes.data(), chunks[0]->deflated.data());
  EXPECT_EQ(member.buffers[1].owner.get(), chunks[0].get());
}

TEST(GzipMember, KeepsItsChunksAlive) {
  GzipMember member;
  std::weak_ptr<const Chunk> watched;
  {
    const auto chunk = Compress("virt_vm_ready 1\n");
    watched = chunk;
    member = Stitch(Chunks{chunk});
  }
  EXPECT_FALSE(watched.expired());
  EXPECT_EQ(InflateOneMember(Bytes(member)).text, "virt_vm_ready 1\n");
  member = {};
  EXPECT_TRUE(watched.expired());
}

// 4.3 GB of text behind one gzip trailer, without 4.3 GB: the same chunk many times.
TEST(GzipMember, IsizeWrapsAtFourGibibytes) {
  const auto chunk = Compress(std::string(1 << 20, 'x'));
  const std::string bytes = Bytes(Stitch(Chunks(4097, chunk)));
  EXPECT_EQ(bytes.substr(bytes.size() - 4), std::string("\x00\x00\x10\x00", 4));
}

}  // namespace
}  // namespace virtlens::exporter
