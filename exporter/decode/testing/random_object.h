// Random VirtualMachines and instances, for comparing two decoders. The same seed gives the same.
//
// Thread contract: one thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/random.h"

namespace virtlens::exporter::testing {

nlohmann::json RandomVm(Random& random);
nlohmann::json RandomVmi(Random& random);

// JSON text with the fields of every object in random order, and white space here and there.
std::string DumpShuffled(const nlohmann::json& value, Random& random);

}  // namespace virtlens::exporter::testing
