// A piece of exposition text, compressed once and then only copied to sockets.
//
// A chunk is raw deflate (RFC 1951) that ends with a full flush: it is byte-aligned, no block in it
// is the final one, and no back-reference reaches out of it. So chunks can be laid one after
// another in any order and still are one deflate stream (see gzip_member.h).
//
// Ownership: a Chunk is immutable once shared. Thread contract: everything here may be called from
// any thread. Memory: each thread that compresses keeps at most 1.5 MiB of scratch space.
// Errors: compressing fails only for want of memory (std::bad_alloc); inflating says kDecode.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace virtlens::exporter {

struct Chunk {
  std::string deflated;
  std::uint32_t crc32 = 0;     // of the text, as gzip counts it
  std::uint64_t raw_size = 0;  // bytes of the text
  // No line is of a project before or behind these; how a tenant's scrape skips the others'.
  std::string first_project;
  std::string last_project;
};

// The seam behind which compression libraries stand. Implementations differ in bytes, never in the
// text that comes out.
class Compressor {
 public:
  virtual ~Compressor() = default;

  virtual std::string_view name() const = 0;  // "isa-l", "zlib"

  // Appends raw deflate of `text`, ended by a full flush. REQUIRES: text is not empty.
  virtual void Deflate(std::string_view text, std::string& out) const = 0;
  // Fills `out` with the text of a deflated chunk; kDecode unless it has exactly out.size() bytes
  // and ends at a flush.
  virtual Result<void> Inflate(std::string_view deflated, std::span<char> out) const = 0;
  // The CRC of RFC 1952.
  virtual std::uint32_t Crc32(std::string_view text) const = 0;

  // The chunk of `text`; null when the text is empty, for an empty text needs no chunk.
  std::shared_ptr<Chunk> Compress(std::string_view text) const;
};

// isa-l where this build has it, else zlib.
const Compressor& DefaultCompressor();
// Every implementation in this build, the default one first.
std::span<const Compressor* const> Compressors();

// With the default compressor.
std::shared_ptr<Chunk> Compress(std::string_view text);
// Appends the chunk's text to `out`, having checked its size and CRC. On error `out` is unchanged.
Result<void> Inflate(const Chunk& chunk, std::string& out,
                     const Compressor& compressor = DefaultCompressor());

}  // namespace virtlens::exporter
