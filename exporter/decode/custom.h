// Reads a custom resource by its KindSpec: the paths are compiled once, and one visit of the object
// picks what they lead to; the rest is skipped unread.
//
// Nobody promises what stands in a custom resource, so a value of an odd type is a missing value;
// only metadata must be what it is everywhere. Limits: those of json::Node; kMaxCustomTextBytes of
// a text; of a phase or condition outside a closed set kMaxLearnedWords words of kMaxWordBytes, all
// others are "other".
//
// Thread contract: one thread per reader (it owns scratch space and the words it learned).
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/decode/json_reader.h"
#include "exporter/decode/path.h"
#include "exporter/rows/custom_row.h"

namespace virtlens::exporter {

inline constexpr std::size_t kMaxCustomTextBytes = 512;
inline constexpr std::size_t kMaxLearnedWords = 32;
inline constexpr std::size_t kMaxWordBytes = 64;

// A closed set: given, or the first words that came.
class Words {
 public:
  explicit Words(const std::vector<std::string>& given) : given_(given) {}
  // The word, or "other"; "" stays "".
  Symbol Bound(std::string_view text);

 private:
  const std::vector<std::string>& given_;
  std::set<std::string, std::less<>> learned_;
};

class CustomReader {
 public:
  // Paths that are none lead nowhere; the configuration refuses them (exporter/kinds_config.h).
  explicit CustomReader(std::shared_ptr<const KindSpec> kind);

  void Read(json::Node& root, CustomRow& row);

 private:
  // What one path found.
  struct Pick {
    bool seen = false;
    std::string text;
    double number = 0;
  };

  void ReadMetadataOf(json::Node& metadata, CustomRow& row);
  void ReadConditions(json::Node& list, CustomRow& row);
  void Visit(json::Node& value, const PathNode& place, CustomRow& row);
  void TakeScalar(json::Node& value, const PathNode& place);
  void TakeField(const FieldPath& field, std::string_view text, Pick& pick);
  void CountPresent(const PathNode& place);
  void ExpectCounts(const PathNode& each);
  void Gather(CustomRow& row);

  // Targets of the tree: the conditions, then the fields, then the labels.
  static constexpr std::size_t kConditionsTarget = 0;
  const FieldPath* FieldOf(std::size_t target) const;

  const std::shared_ptr<const KindSpec> kind_;
  PathNode tree_;
  Words phases_;
  Words condition_types_;
  std::vector<Pick> picks_;  // by target
  std::string failure_message_;
};

}  // namespace virtlens::exporter
