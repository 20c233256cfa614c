// Bytes of a request that clients choose: paths, selectors, patches. No input may crash; a merge
// patch agrees with nlohmann's.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sim/api_server/patch.h"
#include "sim/api_server/request_path.h"
#include "sim/api_server/selector.h"

using virtlens::sim::ApplyPatch;
using virtlens::sim::Json;
using virtlens::sim::PatchKind;

namespace {

void FuzzPatch(PatchKind kind, std::string_view current_text, std::string_view patch_text) {
  const auto current = virtlens::sim::ParseJson(current_text);
  const auto patch = virtlens::sim::ParseJson(patch_text);
  if (!current || !patch) return;
  const auto result = ApplyPatch(kind, *current, *patch);
  if (kind != PatchKind::kMerge || !patch->is_object()) return;
  Json expected = *current;
  expected.merge_patch(*patch);
  if (!result || *result != expected) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t half = text.find('\n');
  const std::string_view first = text.substr(0, half);
  const std::string_view second = half == std::string_view::npos ? "" : text.substr(half + 1);
  switch (data[0] % 6) {
    case 0:
      FuzzPatch(PatchKind::kMerge, first, second);
      break;
    case 1:
      FuzzPatch(PatchKind::kStrategicMerge, first, second);
      break;
    case 2:
      FuzzPatch(PatchKind::kJson, first, second);
      break;
    case 3:
      if (const auto selector = virtlens::sim::LabelSelector::Parse(first)) {
        (void)selector->Matches(virtlens::sim::PackLabels({{"a", "b"}}));
      }
      break;
    case 4:
      (void)virtlens::sim::FieldSelector::Parse(first, "pods");
      break;
    default:
      (void)virtlens::sim::ParseResourcePath(first);
      break;
  }
  return 0;
}
