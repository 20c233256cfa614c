// The keys of the config file that hold more than one value: which there are, and how each is read
// into Options. (Flat keys are the table of settings in options.cc.)
//
// Thread contract: constant. Errors: kInvalidArgument, one line with file, line, key and remedy.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "exporter/options.h"

namespace YAML {
class Node;
}

namespace virtlens::exporter {

struct ConfigSection {
  std::string_view key;
  Result<void> (*apply)(const YAML::Node& value, const std::string& file, Options& options);
};

std::span<const ConfigSection> ConfigSections();

}  // namespace virtlens::exporter
