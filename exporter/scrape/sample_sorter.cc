#include "exporter/scrape/sample_sorter.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "exporter/scrape/component_table.h"

namespace virtlens::exporter {

void SampleSorter::Add(std::string_view space, std::string_view name, const Origin& origin,
                       ComponentSample sample) {
  // A name of Kubernetes has no slash.
  scratch_.assign(space).append("/").append(name);
  const auto [found, is_new] =
      index_.try_emplace(scratch_, static_cast<std::uint32_t>(keys_.size()));
  if (is_new) keys_.push_back(ObjectKey{Symbol(space), std::string(name)});
  kept_.push_back(Kept{found->second, origin, std::move(sample)});
}

// Numbers the subjects by key instead of by arrival.
void SampleSorter::SortSubjects() {
  std::vector<std::uint32_t> order(keys_.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(),
            [&](std::uint32_t left, std::uint32_t right) { return keys_[left] < keys_[right]; });
  std::vector<std::uint32_t> place(order.size());
  std::vector<ObjectKey> sorted;
  sorted.reserve(keys_.size());
  for (const std::uint32_t old : order) {
    place[old] = static_cast<std::uint32_t>(sorted.size());
    sorted.push_back(std::move(keys_[old]));
  }
  keys_ = std::move(sorted);
  for (Kept& kept : kept_) kept.subject = place[kept.subject];
}

bool SampleSorter::IsBefore(const Kept& left, const Kept& right) {
  return std::tie(left.subject, left.sample.row, left.sample.labels, left.origin.rank,
                  left.origin.series) < std::tie(right.subject, right.sample.row,
                                                 right.sample.labels, right.origin.rank,
                                                 right.origin.series);
}

bool SampleSorter::SameSeries(const Kept& left, const Kept& right) {
  return left.subject == right.subject && left.sample.row == right.sample.row &&
         left.sample.labels == right.sample.labels;
}

double SampleSorter::Settle(Iterator first, Iterator last, TargetSamples& samples) {
  const bool adds = ComponentRows()[first->sample.row].dropped == Dropped::kSum;
  double value = 0;
  Iterator newest = last;
  std::size_t used = 0;
  const auto take = [&] {
    if (newest == last) return;
    value += newest->sample.value;
    ++used;
  };
  const std::uint8_t rank = first->origin.rank;
  for (Iterator kept = first; kept != last && kept->origin.rank == rank; ++kept) {
    if (adds && newest != last && newest->origin.series != kept->origin.series) {
      take();
      newest = last;
    }
    if (newest == last || kept->origin.timestamp >= newest->origin.timestamp) newest = kept;
  }
  take();
  samples.repeated += static_cast<std::size_t>(last - first) - used;
  return value;
}

void SampleSorter::Finish(TargetSamples& samples) {
  SortSubjects();
  std::stable_sort(kept_.begin(), kept_.end(), IsBefore);
  const Kept* before = nullptr;
  std::size_t in_row = 0;
  for (Iterator first = kept_.begin(); first != kept_.end();) {
    const Iterator last =
        std::find_if_not(first, kept_.end(), [&](const Kept& k) { return SameSeries(*first, k); });
    const bool same_subject = before != nullptr && before->subject == first->subject;
    in_row = same_subject && before->sample.row == first->sample.row ? in_row + 1 : 0;
    if (!same_subject) samples.subjects.push_back({keys_[first->subject], {}});
    const double value = Settle(first, last, samples);
    if (in_row < kMaxSeriesPerRow) {
      ComponentSample& sample = samples.subjects.back().samples.emplace_back(first->sample);
      sample.value = value;
    } else {
      ++samples.skipped_lines;
    }
    before = &*first;
    first = last;
  }
}

}  // namespace virtlens::exporter
