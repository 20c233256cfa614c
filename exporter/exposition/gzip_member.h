// One gzip member stitched from cached chunks.
//
// header, the chunks' bytes, an empty final block (03 00), CRC32 and ISIZE: RFC 1952. It is always
// ONE member: curl fails on several, and Python's urllib3 silently reads only the first.
//
// Ownership: each buffer keeps its chunk alive; no compressed byte is copied. Thread contract:
// pure.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "exporter/exposition/chunk.h"
#include "http/message.h"

namespace virtlens::exporter {

// What a member has beside its chunks.
inline constexpr std::uint64_t kGzipOverhead = 20;

struct GzipMember {
  std::vector<http::Buffer> buffers;  // fixed bytes (the header) have no owner
  std::uint64_t size = 0;             // bytes of all buffers
};

// In the order given; a null pointer stands for an empty text. No chunk at all gives the member of
// the empty text.
GzipMember Stitch(std::span<const std::shared_ptr<const Chunk>> chunks);

}  // namespace virtlens::exporter
