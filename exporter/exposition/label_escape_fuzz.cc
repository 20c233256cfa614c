// Whatever a label value holds, the strict reader gets it back: repaired, and otherwise the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "exporter/exposition/sample_writer.h"
#include "exporter/exposition/testing/exposition_reader.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using virtlens::exporter::Format;
  const std::string_view value(reinterpret_cast<const char*>(data), size);
  const std::string expected = virtlens::RepairUtf8(value);

  std::string text = "# TYPE a gauge\n";
  virtlens::exporter::SampleWriter writer(text);
  std::string identity;
  writer.AppendLabel(identity, "vm_name", value);
  const std::vector<std::string_view> names = {"x"};
  const std::vector<std::string_view> values = {value};
  writer.Line("a", identity, names, values, 1);
  Require(writer.repaired() == (expected == value ? 0U : 2U));

  const auto read = virtlens::exporter::ReadExposition(text);
  Require(read.has_value());
  Require(read->Value("a", {{"vm_name", expected}, {"x", expected}}) == 1.0);
  const auto openmetrics =
      virtlens::exporter::ReadExposition(text + "# EOF\n", Format::kOpenMetrics);
  Require(openmetrics.has_value());

  // The reader itself must stand any text.
  (void)virtlens::exporter::ReadExposition(value).has_value();
  (void)virtlens::exporter::ReadExposition(value, Format::kOpenMetrics).has_value();
  return 0;
}
