#include "exporter/exposition/gzip_member.h"

#include <zlib.h>

#include <string>
#include <string_view>

namespace virtlens::exporter {
namespace {

using std::string_view_literals::operator""sv;

// Deflate, no flags, no time (the same text gives the same bytes), fastest algorithm, unknown OS.
constexpr std::string_view kHeader = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"sv;
// An empty block with fixed codes and BFINAL set.
constexpr std::string_view kFinalBlock = "\x03\x00"sv;

void AppendLittleEndian(std::string& out, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) {
    out += static_cast<char>(value & 0xFFU);
    value >>= 8U;
  }
}

}  // namespace

GzipMember Stitch(std::span<const std::shared_ptr<const Chunk>> chunks) {
  GzipMember member;
  member.buffers.reserve(chunks.size() + 2);
  member.buffers.push_back({nullptr, kHeader});
  member.size = kHeader.size();
  uLong crc = crc32(0, nullptr, 0);
  std::uint64_t raw_size = 0;
  for (const auto& chunk : chunks) {
    if (chunk == nullptr) continue;
    member.buffers.push_back({chunk, chunk->deflated});
    member.size += chunk->deflated.size();
    crc = crc32_combine(crc, chunk->crc32, static_cast<z_off_t>(chunk->raw_size));
    raw_size += chunk->raw_size;
  }
  auto trailer = std::make_shared<std::string>(kFinalBlock);
  AppendLittleEndian(*trailer, static_cast<std::uint32_t>(crc));
  AppendLittleEndian(*trailer, static_cast<std::uint32_t>(raw_size));  // ISIZE is modulo 2^32
  const std::string_view bytes = *trailer;
  member.buffers.push_back({std::move(trailer), bytes});
  member.size += bytes.size();
  return member;
}

}  // namespace virtlens::exporter
