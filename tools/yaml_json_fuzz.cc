// Any bytes: the converter either says what is wrong, or gives JSON within its limits.

#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/text.h"
#include "tools/yaml_json.h"

namespace {

// Ill-formed UTF-8 passes the converter; decoders repair it.
std::size_t DepthOf(std::string_view document) {
  const std::string json = virtlens::RepairUtf8(document);
  std::size_t deepest = 0;
  const auto keep_nothing = [&](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    deepest = std::max(deepest, static_cast<std::size_t>(depth));
    return false;
  };
  if (nlohmann::json::parse(json, keep_nothing, false).is_discarded() &&
      !nlohmann::json::accept(json)) {
    std::abort();
  }
  return deepest;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::istringstream yaml(std::string(data, data + size));
  const auto converted = virtlens::tools::ConvertYaml(yaml, [](std::string_view json) {
    if (DepthOf(json) > virtlens::tools::kMaxYamlDepth) std::abort();
  });
  if (!converted && converted.error().message.empty()) std::abort();
  return 0;
}
