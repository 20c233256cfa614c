#include "exporter/exposition/chunk.h"

#include <array>

#include "exporter/exposition/compressors.h"

namespace virtlens::exporter {
namespace {

// Deflate cannot do better than 258 bytes in two bits; a larger claim is a damaged chunk, and must
// not make us allocate.
constexpr std::uint64_t kMaxRatio = 1032;

// Scratch space above this is given back after use.
constexpr std::size_t kKeptScratch = std::size_t{1} << 20;

}  // namespace

std::shared_ptr<Chunk> Compressor::Compress(std::string_view text) const {
  if (text.empty()) return nullptr;
  // Chunks live long and are many, so each gets exactly the bytes it needs.
  thread_local std::string scratch;
  scratch.clear();
  Deflate(text, scratch);
  auto chunk = std::make_shared<Chunk>();
  chunk->deflated.assign(scratch);
  chunk->crc32 = Crc32(text);
  chunk->raw_size = text.size();
  if (scratch.capacity() > kKeptScratch) std::string().swap(scratch);
  return chunk;
}

const Compressor& DefaultCompressor() { return *Compressors().front(); }

std::span<const Compressor* const> Compressors() {
#ifdef VIRTLENS_HAVE_ISAL
  static const std::array<const Compressor*, 2> all = {&IsalCompressor(), &ZlibCompressor()};
#else
  static const std::array<const Compressor*, 1> all = {&ZlibCompressor()};
#endif
  return all;
}

std::shared_ptr<Chunk> Compress(std::string_view text) {
  return DefaultCompressor().Compress(text);
}

Result<void> Inflate(const Chunk& chunk, std::string& out, const Compressor& compressor) {
  if (chunk.raw_size / kMaxRatio > chunk.deflated.size()) {
    return Fail(Code::kDecode, "exposition chunk claims more text than it can hold");
  }
  const std::size_t before = out.size();
  out.resize(before + chunk.raw_size);
  const std::span<char> room(out.data() + before, chunk.raw_size);
  Result<void> inflated = compressor.Inflate(chunk.deflated, room);
  if (inflated && compressor.Crc32({room.data(), room.size()}) != chunk.crc32) {
    inflated = Fail(Code::kDecode, "exposition chunk does not match its CRC");
  }
  if (!inflated) out.resize(before);
  return inflated;
}

}  // namespace virtlens::exporter
