// Plays a random history through the exporter's store and writes what happened, one JSON object a
// line, and after each step the page that a scraper would get:
//
//   {"op":"put","at":1700000005000000,"object":{…}}
//   {"op":"delete","at":…,"kind":"VirtualMachine","namespace":"web","name":"vm1"}
//   {"op":"list","at":…,"kind":…,"objects":[…]}     the state of the kind is exactly this
//   {"op":"watch","at":…,"state":"starting|current|blind"}
//   {"op":"restart","at":…}                          from what the state file holds
//   {"op":"page","at":…,"lines":412}                 followed by that many lines of text
//
// Thread contract: one thread.
#pragma once

#include <cstdint>
#include <iosfwd>

namespace virtlens::oracle {

void PlayHistory(std::uint64_t steps, std::uint64_t seed, std::ostream& out);

}  // namespace virtlens::oracle
