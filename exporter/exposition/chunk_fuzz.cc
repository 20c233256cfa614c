// Any bytes, cut anywhere, compressed by every compressor and stitched: zlib must read one gzip
// member that holds the bytes again. And no garbage may make Inflate do worse than fail.
#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/exposition/chunk.h"
#include "exporter/exposition/gzip_member.h"

namespace {

using virtlens::exporter::Chunk;

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckMember(const std::vector<std::shared_ptr<const Chunk>>& chunks, std::string_view text) {
  std::string gzip;
  for (const auto& buffer : virtlens::exporter::Stitch(chunks).buffers) gzip += buffer.bytes;
  std::string out(text.size() + 1, '\0');
  z_stream stream{};
  Require(inflateInit2(&stream, 15 + 16) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(gzip.data());
  stream.avail_in = static_cast<uInt>(gzip.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  Require(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  Require(stream.avail_in == 0);
  out.resize(out.size() - stream.avail_out);
  inflateEnd(&stream);
  Require(out == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  // The first byte says how long pieces are, the second how often the rest is repeated, so that
  // inputs longer than a deflate window are reached.
  const std::size_t piece = 1 + data[0] * std::size_t{37};
  const std::string_view seed(reinterpret_cast<const char*>(data) + 2, size - 2);
  std::string text;
  for (int i = 0; i <= data[1] % 64; ++i) text += seed;

  const auto compressors = virtlens::exporter::Compressors();
  std::vector<std::shared_ptr<const Chunk>> chunks;
  std::string again;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    const auto* compressor = compressors[chunks.size() % compressors.size()];
    chunks.push_back(compressor->Compress(std::string_view(text).substr(at, piece)));
    for (const auto* inflater : compressors) {
      const std::size_t before = again.size();
      Require(Inflate(*chunks.back(), again, *inflater).has_value());
      if (inflater != compressors.back()) again.resize(before);
    }
  }
  Require(again == text);
  CheckMember(chunks, text);

  const Chunk garbage{std::string(seed), 0, piece};
  for (const auto* inflater : compressors) {
    std::string out;
    if (!Inflate(garbage, out, *inflater)) Require(out.empty());
  }
  return 0;
}
