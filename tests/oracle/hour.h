// One hour of a cluster of sim/, in simulated time, with 1,000 random starts, stops, resizes and
// migrations; what happens is told to an exporter's store. Writes the log of feed.h, with a line
// for each act,
//
//   {"op":"act","at":…,"act":"start|stop|resize|resize_disk|migrate","namespace":"web","name":"vm7"}
//
// and one page, of the hour's end.
//
// Thread contract: one thread.
#pragma once

#include <cstdint>
#include <iosfwd>

namespace virtlens::oracle {

void PlayHour(std::uint64_t seed, std::ostream& out);

}  // namespace virtlens::oracle
