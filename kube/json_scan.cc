#include "kube/json_scan.h"

#include <algorithm>
#include <bit>
#include <cstring>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace virtlens::kube {
namespace {

constexpr std::size_t kBlock = 64;

// Bit i stands for byte i of the block.
struct BlockMasks {
  std::uint64_t quotes = 0;
  std::uint64_t backslashes = 0;
  std::uint64_t opens = 0;
  std::uint64_t closes = 0;
};

// '[' and '{' differ from each other in bit 0x20 only, and so do ']' and '}'.
constexpr char kCaseBit = 0x20;

#ifdef __SSE2__

BlockMasks Classify(const char* block) {
  BlockMasks masks;
  const auto mask_of = [](__m128i bytes, char c) {
    const int bits = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)));
    return std::uint64_t{static_cast<std::uint32_t>(bits)};
  };
  for (unsigned i = 0; i < kBlock; i += 16) {
    __m128i bytes;
    std::memcpy(&bytes, block + i, sizeof bytes);
    const __m128i folded = _mm_or_si128(bytes, _mm_set1_epi8(kCaseBit));
    masks.quotes |= mask_of(bytes, '"') << i;
    masks.backslashes |= mask_of(bytes, '\\') << i;
    masks.opens |= mask_of(folded, '{') << i;
    masks.closes |= mask_of(folded, '}') << i;
  }
  return masks;
}

#else

// Eight bytes at a time in a 64-bit word; byte order does not matter because the word is put
// together by shifts, which compilers turn into one load.
std::uint64_t LoadLittleEndian(const char* bytes) {
  std::uint64_t word = 0;
  for (unsigned i = 0; i < 8; ++i) {
    word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  }
  return word;
}

constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kLows = 0x7F7F7F7F7F7F7F7F;

std::uint64_t MaskOf(std::uint64_t word, char c) {
  const std::uint64_t differs = word ^ (kOnes * static_cast<unsigned char>(c));
  const std::uint64_t zero = ~(((differs & kLows) + kLows) | differs | kLows);
  // Gathers the top bit of each byte into one byte.
  return ((zero >> 7) * 0x0102040810204080) >> 56;
}

BlockMasks Classify(const char* block) {
  BlockMasks masks;
  for (unsigned i = 0; i < kBlock; i += 8) {
    const std::uint64_t word = LoadLittleEndian(block + i);
    const std::uint64_t folded = word | (kOnes * static_cast<unsigned char>(kCaseBit));
    masks.quotes |= MaskOf(word, '"') << i;
    masks.backslashes |= MaskOf(word, '\\') << i;
    masks.opens |= MaskOf(folded, '{') << i;
    masks.closes |= MaskOf(folded, '}') << i;
  }
  return masks;
}

#endif

// Bytes that follow an unescaped backslash. `carry` goes from block to block.
std::uint64_t FindEscaped(std::uint64_t backslashes, std::size_t size, bool& carry) {
  std::uint64_t escaped = carry ? 1 : 0;
  std::uint64_t starters = backslashes & ~escaped;
  carry = false;
  while (starters != 0) {
    const auto at = static_cast<unsigned>(std::countr_zero(starters));
    if (at + 1 >= size) {
      carry = true;
      break;
    }
    escaped |= std::uint64_t{2} << at;
    starters &= ~(std::uint64_t{3} << at);
  }
  return escaped;
}

std::uint64_t PrefixXor(std::uint64_t bits) {
  for (unsigned shift = 1; shift < kBlock; shift *= 2) bits ^= bits << shift;
  return bits;
}

bool EndsPrimitive(char c) {
  return c == ',' || c == '}' || c == ']' || c == '{' || c == '[' || c == '"' || c == ':' ||
         IsJsonSpace(c);
}

std::string_view SkipSpace(std::string_view text) {
  while (!text.empty() && IsJsonSpace(text.front())) text.remove_prefix(1);
  return text;
}

// Cuts one value off the front of `text`; "" when none is whole.
std::string_view TakeValue(std::string_view& text) {
  text = SkipSpace(text);
  if (text.empty()) return {};
  ValueScanner scanner;
  scanner.Begin(text.front());
  const std::size_t size = scanner.Scan(text);
  if (!scanner.done()) return {};
  const std::string_view value = text.substr(0, size);
  text = SkipSpace(text.substr(size));
  return value;
}

}  // namespace

void ValueScanner::Begin(char first) {
  *this = ValueScanner();
  if (first == '{' || first == '[') {
    kind_ = Kind::kNested;
  } else if (first == '"') {
    kind_ = Kind::kString;
  }
}

std::size_t ValueScanner::Scan(std::string_view bytes) {
  switch (kind_) {
    case Kind::kNested:
      return ScanNested(bytes);
    case Kind::kString:
      return ScanString(bytes);
    case Kind::kPrimitive:
      return ScanPrimitive(bytes);
  }
  return 0;
}

std::size_t ValueScanner::ScanNested(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += kBlock) {
    const std::size_t size = std::min(kBlock, bytes.size() - at);
    const char* block = bytes.data() + at;
    char padded[kBlock];
    if (size < kBlock) {
      std::memset(padded, ' ', kBlock);
      std::memcpy(padded, block, size);
      block = padded;
    }
    BlockMasks masks = Classify(block);
    masks.quotes &= ~FindEscaped(masks.backslashes, size, escape_);
    const std::uint64_t in_string =
        PrefixXor(masks.quotes) ^ (in_string_ ? ~std::uint64_t{0} : std::uint64_t{0});
    in_string_ = (in_string >> (kBlock - 1)) != 0;
    masks.opens &= ~in_string;
    masks.closes &= ~in_string;
    const auto closes = static_cast<std::uint64_t>(std::popcount(masks.closes));
    if (closes < depth_) {
      depth_ = depth_ + static_cast<std::uint64_t>(std::popcount(masks.opens)) - closes;
      continue;
    }
    // The value may end in this block.
    for (std::uint64_t brackets = masks.opens | masks.closes; brackets != 0;
         brackets &= brackets - 1) {
      const auto bit = static_cast<unsigned>(std::countr_zero(brackets));
      depth_ = ((masks.opens >> bit) & 1) != 0 ? depth_ + 1 : depth_ - 1;
      if (depth_ == 0) {
        done_ = true;
        return at + bit + 1;
      }
    }
  }
  return bytes.size();
}

std::size_t ValueScanner::ScanString(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const char c = bytes[at];
    if (escape_) {
      escape_ = false;
    } else if (c == '\\') {
      escape_ = true;
    } else if (c == '"') {
      if (in_string_) {
        done_ = true;
        return at + 1;
      }
      in_string_ = true;
    }
  }
  return bytes.size();
}

std::size_t ValueScanner::ScanPrimitive(std::string_view bytes) {
  const auto end = std::find_if(bytes.begin(), bytes.end(), EndsPrimitive);
  done_ = end != bytes.end();
  return static_cast<std::size_t>(end - bytes.begin());
}

std::string_view FindMember(std::string_view object, std::string_view name) {
  object = SkipSpace(object);
  if (object.empty() || object.front() != '{') return {};
  object.remove_prefix(1);
  while (true) {
    const std::string_view key = TakeValue(object);
    if (key.size() < 2 || key.front() != '"' || object.empty() || object.front() != ':') return {};
    object.remove_prefix(1);
    const std::string_view value = TakeValue(object);
    if (value.empty()) return {};
    if (key.substr(1, key.size() - 2) == name) return value;
    if (object.empty() || object.front() != ',') return {};
    object.remove_prefix(1);
  }
}

std::string_view PlainString(std::string_view json) {
  if (json.size() < 2 || json.front() != '"' || json.back() != '"') return {};
  json = json.substr(1, json.size() - 2);
  return json.find('\\') == std::string_view::npos ? json : std::string_view();
}

}  // namespace virtlens::kube
