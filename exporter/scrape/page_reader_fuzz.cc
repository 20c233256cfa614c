// A page cut anywhere reads as the whole page does, samples, counts and errors alike; what comes
// out is sorted, each series once, well-formed text.
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "exporter/scrape/page_reader.h"

namespace {

using namespace virtlens;            // NOLINT(google-build-using-namespace)
using namespace virtlens::exporter;  // NOLINT(google-build-using-namespace)

void Require(bool holds) {
  if (!holds) std::abort();
}

Result<TargetSamples> Read(Component component, std::string_view page, std::size_t piece) {
  PageReader reader(component);
  for (; !page.empty(); page.remove_prefix(std::min(piece, page.size()))) {
    if (!reader.Feed(page.substr(0, piece))) break;
  }
  return reader.Finish();
}

bool Same(const ComponentSample& left, const ComponentSample& right) {
  return left.row == right.row && left.labels == right.labels &&
         std::bit_cast<std::uint64_t>(left.value) == std::bit_cast<std::uint64_t>(right.value);
}

void RequireSame(const TargetSamples& left, const TargetSamples& right) {
  Require(left.skipped_lines == right.skipped_lines && left.repeated == right.repeated &&
          left.repaired_labels == right.repaired_labels &&
          left.subjects.size() == right.subjects.size());
  for (std::size_t i = 0; i < left.subjects.size(); ++i) {
    const auto& a = left.subjects[i].samples;
    const auto& b = right.subjects[i].samples;
    Require(left.subjects[i].key == right.subjects[i].key && a.size() == b.size());
    for (std::size_t j = 0; j < a.size(); ++j) Require(Same(a[j], b[j]));
  }
}

void RequireSound(const TargetSamples& samples) {
  for (std::size_t i = 0; i < samples.subjects.size(); ++i) {
    const SubjectSamples& subject = samples.subjects[i];
    Require(i == 0 || samples.subjects[i - 1].key < subject.key);
    for (std::size_t j = 0; j < subject.samples.size(); ++j) {
      const ComponentSample& sample = subject.samples[j];
      for (const std::string& label : sample.labels) Require(IsUtf8(label));
      if (j == 0) continue;
      const ComponentSample& before = subject.samples[j - 1];
      Require(before.row < sample.row ||
              (before.row == sample.row && before.labels < sample.labels));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto component = static_cast<Component>(data[0] % kComponents);
  const std::size_t piece = 1 + data[1] % 32;
  const std::string_view page(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto whole = Read(component, page, page.size() + 1);
  const auto pieces = Read(component, page, piece);
  Require(whole.has_value() == pieces.has_value());
  if (!whole) {
    Require(whole.error().message == pieces.error().message);
    return 0;
  }
  RequireSame(*whole, *pieces);
  RequireSound(*whole);
  return 0;
}
