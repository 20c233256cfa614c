// Arbitrary paths over arbitrary objects: no crash, nothing but UTF-8 comes out, and every limit
// holds. The input is paths, one a line, then a line of its own with "{", which begins the object.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/text.h"
#include "exporter/decode/custom.h"
#include "exporter/decode/decode.h"

namespace {

using virtlens::exporter::CustomRow;
using virtlens::exporter::Field;
using virtlens::exporter::KindSpec;

constexpr std::size_t kMaxPaths = 40;

void Must(bool holds) {
  if (!holds) std::abort();
}

// Fields in turn, so that every type of field meets every path.
KindSpec KindOf(std::string_view paths) {
  KindSpec kind;
  kind.group = "fuzz.io";
  kind.plural = "things";
  kind.kind = "Thing";
  kind.failures = {"Failed"};
  std::uint8_t next = 0;
  for (const std::string_view path : virtlens::Split(paths, '\n')) {
    if (kind.fields.size() == kMaxPaths) break;
    if (const auto steps = virtlens::exporter::ParsePath(path)) {
      Must(!steps->empty() && steps->size() <= virtlens::exporter::kMaxPathSteps);
    }
    kind.fields.push_back({static_cast<Field>(next), std::string(path)});
    next = static_cast<std::uint8_t>((next + 1) %
                                     (static_cast<std::uint8_t>(Field::kReplicasReady) + 1));
    kind.labels.emplace_back("l" + std::to_string(next), std::string(path));
    kind.conditions = path;
  }
  return kind;
}

void Check(const CustomRow& row) {
  Must(!row.meta.key.name.empty() && virtlens::IsUtf8(row.meta.key.name));
  Must(virtlens::IsUtf8(row.phase.text()));
  Must(row.phase.text().size() <= virtlens::exporter::kMaxWordBytes);
  Must(row.conditions.size() <= virtlens::exporter::kMaxLearnedWords + 1);
  for (const auto& condition : row.conditions) Must(virtlens::IsUtf8(condition.type.text()));
  for (const auto& [field, text] : row.texts) {
    Must(virtlens::IsUtf8(text) && text.size() <= virtlens::exporter::kMaxCustomTextBytes);
  }
  for (const auto& [field, number] : row.numbers) Must(number >= 0);
  for (const std::string& label : row.labels) {
    Must(virtlens::IsUtf8(label) && label.size() <= virtlens::exporter::kMaxCustomTextBytes);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = input.find("\n{");
  const std::string_view paths = input.substr(0, line);
  const std::string_view json =
      line == std::string_view::npos ? std::string_view("{}") : input.substr(line + 1);
  const virtlens::exporter::PaddedObject object(json);
  virtlens::exporter::Decoder decoder;
  const auto kind = std::make_shared<const KindSpec>(KindOf(paths));
  if (const auto row = decoder.Custom(kind, object.view())) Check(*row);
  for (const auto& builtin : virtlens::exporter::BuiltinKinds()) {
    if (const auto row = decoder.Custom(builtin, object.view())) Check(*row);
  }
  return 0;
}
