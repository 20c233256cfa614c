// Plays a random history through the exporter's store and writes what happened, and after each step
// the page, as feed.h says.
//
// Thread contract: one thread.
#pragma once

#include <cstdint>
#include <iosfwd>

namespace virtlens::oracle {

void PlayHistory(std::uint64_t steps, std::uint64_t seed, std::ostream& out);

}  // namespace virtlens::oracle
