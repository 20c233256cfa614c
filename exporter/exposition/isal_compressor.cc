// Deflate through isa-l (built only where the library is found).
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "exporter/exposition/compressors.h"

namespace virtlens::exporter {
namespace {

constexpr std::uint32_t kLevel = 1;
// isa-l counts in 32 bits. A longer text becomes several flushed pieces, which is still a chunk.
constexpr std::size_t kMaxPiece = std::size_t{1} << 30;
// What cannot be compressed becomes stored blocks of 64 KiB with five bytes each; 1 KiB covers the
// table of codes and the flush.
constexpr std::size_t Bound(std::size_t size) { return size + size / 1024 + 1024; }

std::uint8_t* Bytes(char* text) { return reinterpret_cast<std::uint8_t*>(text); }
// isa-l's interface wants mutable input, and does not write to it.
std::uint8_t* Input(std::string_view text) { return Bytes(const_cast<char*>(text.data())); }

// The stream's state is large; one per thread, allocated once.
struct DeflateState {
  isal_zstream stream;
  std::vector<std::uint8_t> level_buffer = std::vector<std::uint8_t>(ISAL_DEF_LVL1_DEFAULT);
};

bool DeflatePiece(std::string_view text, std::string& out) {
  thread_local const auto state = std::make_unique<DeflateState>();
  isal_zstream& stream = state->stream;
  isal_deflate_stateless_init(&stream);
  stream.level = kLevel;
  stream.level_buf = state->level_buffer.data();
  stream.level_buf_size = static_cast<std::uint32_t>(state->level_buffer.size());
  stream.flush = FULL_FLUSH;
  stream.end_of_stream = 0;
  stream.next_in = Input(text);
  stream.avail_in = static_cast<std::uint32_t>(text.size());

  const std::size_t before = out.size();
  out.resize(before + Bound(text.size()));
  stream.next_out = Bytes(out.data() + before);
  stream.avail_out = static_cast<std::uint32_t>(out.size() - before);
  const bool done = isal_deflate_stateless(&stream) == COMP_OK && stream.avail_in == 0;
  out.resize(before + (done ? stream.total_out : 0));
  return done;
}

class Isal final : public Compressor {
 public:
  std::string_view name() const override { return "isa-l"; }

  void Deflate(std::string_view text, std::string& out) const override {
    while (!text.empty()) {
      const std::string_view piece = text.substr(0, kMaxPiece);
      // isa-l refuses only when the bound above is too small; zlib then does it, more slowly.
      if (!DeflatePiece(piece, out)) ZlibCompressor().Deflate(piece, out);
      text.remove_prefix(piece.size());
    }
  }

  Result<void> Inflate(std::string_view deflated, std::span<char> out) const override {
    if (std::max(deflated.size(), out.size()) > kMaxPiece) {
      return ZlibCompressor().Inflate(deflated, out);
    }
    thread_local const auto state = std::make_unique<inflate_state>();
    isal_inflate_init(state.get());
    state->crc_flag = ISAL_DEFLATE;
    state->next_in = Input(deflated);
    state->avail_in = static_cast<std::uint32_t>(deflated.size());
    state->next_out = Bytes(out.data());
    state->avail_out = static_cast<std::uint32_t>(out.size());
    const int status = isal_inflate_stateless(state.get());
    // A chunk has no final block, so its input must run out exactly when its text is complete.
    if (status != ISAL_END_INPUT || state->total_out != out.size() || state->avail_in != 0) {
      return Fail(Code::kDecode, "exposition chunk does not inflate to its size");
    }
    return {};
  }

  std::uint32_t Crc32(std::string_view text) const override {
    return crc32_gzip_refl(0, Input(text), text.size());
  }
};

}  // namespace

const Compressor& IsalCompressor() {
  static const Isal compressor;
  return compressor;
}

}  // namespace virtlens::exporter
