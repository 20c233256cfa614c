// Labels and annotations that the configuration names -> the labels that series show.
//
//   app.kubernetes.io/name: shop   ──►   label_app_kubernetes_io_name="shop"
//
// Two keys may meet in one name ("a.b" and "a/b"): in the order of the keys the first keeps it, the
// others get _conflict2, _conflict3 behind theirs. So the result does not depend on the order in
// which they stand, and no name is there twice.
//
// Limits: kMaxShownLabels of one map of an object, the first by key; kMaxShownBytes of a value.
// Thread contract: LabelChoice is a constant; ShownLabels belongs to one visit of one object.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/decode/json_reader.h"
#include "exporter/rows/rows.h"

namespace virtlens::exporter {

inline constexpr std::size_t kMaxShownLabels = 64;
inline constexpr std::size_t kMaxShownBytes = 256;

// Keys that are shown: "team", "example.io/*" for all that begin so, "*" for all.
class LabelChoice {
 public:
  // `prefix` stands before each name: "label_".
  LabelChoice(std::string prefix, std::vector<std::string> keys);
  bool Takes(std::string_view key) const;
  const std::string& prefix() const { return prefix_; }

 private:
  const std::string prefix_;
  std::vector<std::string> keys_;  // sorted
  std::vector<std::string> beginnings_;
};

// Two keys of one object that met in one name; the first kept it.
struct LabelConflict {
  std::string kept, renamed;
  auto operator<=>(const LabelConflict&) const = default;
};

class ShownLabels {
 public:
  explicit ShownLabels(const LabelChoice& choice) : choice_(choice) {}

  // Adds what is shown of a map, and gives take(key, value) each entry that `wants(key)`.
  template <class Wants, class Take>
  void Read(json::Node& map, Wants wants, Take take) {
    map.EachField([&](json::Node& entry) {
      const bool shown = choice_.Takes(entry.name());
      const bool wanted = wants(entry.name());
      if (!shown && !wanted) return;
      const auto value = entry.Text();
      if (!value) return;
      if (shown) found_.emplace_back(entry.name(), *value);
      if (wanted) take(entry.name(), *value);
    });
  }
  // Appends what was found, by key. Of a key that stood twice the last counts.
  void AppendTo(LabelList& labels, std::vector<LabelConflict>& conflicts) &&;

 private:
  const LabelChoice& choice_;
  std::vector<std::pair<std::string, std::string>> found_;
};

}  // namespace virtlens::exporter
