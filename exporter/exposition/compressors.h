// The implementations of Compressor. Internal to this room: others use DefaultCompressor().
//
// Thread contract: as Compressor. Lifetime: static.
#pragma once

#include "exporter/exposition/chunk.h"

namespace virtlens::exporter {

// Level 1; present in every build.
const Compressor& ZlibCompressor();
#ifdef VIRTLENS_HAVE_ISAL
// Level 1; three to four times as fast as zlib.
const Compressor& IsalCompressor();
#endif

}  // namespace virtlens::exporter
