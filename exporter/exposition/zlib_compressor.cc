// Deflate through zlib, which every Debian has.
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>

#include "exporter/exposition/compressors.h"

namespace virtlens::exporter {
namespace {

constexpr int kLevel = 1;
constexpr int kRawDeflate = -15;  // zlib: a negative window size means no header and no trailer
constexpr int kMemoryLevel = 8;
// zlib counts input and output in 32 bits.
constexpr std::size_t kMaxStep = std::numeric_limits<uInt>::max();

uInt Step(std::size_t left) { return static_cast<uInt>(std::min(left, kMaxStep)); }

// zlib's interface wants mutable input, and does not write to it.
Bytef* Input(std::string_view text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}

// One deflate state per thread: to set one up costs more than to compress a small chunk.
class DeflateStream {
 public:
  DeflateStream() {
    if (deflateInit2(&stream_, kLevel, Z_DEFLATED, kRawDeflate, kMemoryLevel, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~DeflateStream() { deflateEnd(&stream_); }
  DeflateStream(const DeflateStream&) = delete;
  DeflateStream& operator=(const DeflateStream&) = delete;

  z_stream& Reset() {
    deflateReset(&stream_);
    return stream_;
  }

 private:
  z_stream stream_{};
};

class InflateStream {
 public:
  InflateStream() {
    if (inflateInit2(&stream_, kRawDeflate) != Z_OK) throw std::bad_alloc();
  }
  ~InflateStream() { inflateEnd(&stream_); }
  InflateStream(const InflateStream&) = delete;
  InflateStream& operator=(const InflateStream&) = delete;

  z_stream& Reset() {
    inflateReset(&stream_);
    return stream_;
  }

 private:
  z_stream stream_{};
};

class Zlib final : public Compressor {
 public:
  std::string_view name() const override { return "zlib"; }

  void Deflate(std::string_view text, std::string& out) const override {
    thread_local DeflateStream state;
    z_stream& stream = state.Reset();
    bool flushed = false;
    while (!flushed) {
      const uInt piece = Step(text.size());
      const bool last = piece == text.size();
      stream.next_in = Input(text);
      stream.avail_in = piece;
      text.remove_prefix(piece);
      do {
        const std::size_t before = out.size();
        const uInt room = Step(deflateBound(&stream, stream.avail_in) + 64);
        out.resize(before + room);
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
        stream.avail_out = room;
        deflate(&stream, last ? Z_FULL_FLUSH : Z_NO_FLUSH);
        out.resize(out.size() - stream.avail_out);
        // Room left over is zlib's sign that the flush is complete.
      } while (stream.avail_out == 0);
      flushed = last;
    }
  }

  Result<void> Inflate(std::string_view deflated, std::span<char> out) const override {
    thread_local InflateStream state;
    z_stream& stream = state.Reset();
    std::size_t written = 0;
    while (!deflated.empty()) {
      // One byte of room more than the text has, to see when there is more text than promised.
      char beyond = 0;
      const bool full = written == out.size();
      const uInt in = Step(deflated.size());
      const uInt room = full ? 1 : Step(out.size() - written);
      stream.next_in = Input(deflated);
      stream.avail_in = in;
      stream.next_out = reinterpret_cast<Bytef*>(full ? &beyond : out.data() + written);
      stream.avail_out = room;
      const int status = ::inflate(&stream, Z_SYNC_FLUSH);
      const uInt produced = room - stream.avail_out;
      if (status != Z_OK) return Fail(Code::kDecode, "exposition chunk is not open deflate");
      if (full && produced != 0) return Fail(Code::kDecode, "exposition chunk is too long");
      if (produced == 0 && stream.avail_in == in) {
        return Fail(Code::kDecode, "exposition chunk does not inflate");
      }
      written += produced;
      deflated.remove_prefix(in - stream.avail_in);
    }
    if (written != out.size()) return Fail(Code::kDecode, "exposition chunk is too short");
    return {};
  }

  std::uint32_t Crc32(std::string_view text) const override {
    return static_cast<std::uint32_t>(crc32_z(0, Input(text), text.size()));
  }
};

}  // namespace

const Compressor& ZlibCompressor() {
  static const Zlib compressor;
  return compressor;
}

}  // namespace virtlens::exporter
