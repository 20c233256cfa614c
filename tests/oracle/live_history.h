// Plays a random history on an API server that an exporter watches over real connections, with
// faults and restarts, and writes the log of feed.h: after each step, once the exporter has been
// told everything, the lists of the API and the page.
//
//   {"op":"list",…} for every kind, {"op":"page",…}; sometimes another page, the server being down
//   {"op":"step","step":7,"what":"streams cut"}      what went wrong in it
//   {"op":"restart",…}                                the exporter, with its state file
//
// Threads: those of the exporter and the server. The same seed writes the same changes and faults;
// when they meet is up to the machine. Throws what the server refuses, and what has not been shown
// in a minute.
#pragma once

#include <cstdint>
#include <iosfwd>

namespace virtlens::oracle {

void PlayLiveHistory(std::uint64_t steps, std::uint64_t seed, std::ostream& out);

}  // namespace virtlens::oracle
