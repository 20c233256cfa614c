// Label and field selectors, and the packed labels that they are matched against.
//
// Grammar:
// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors and
// .../field-selectors/. Fields known: metadata.name, metadata.namespace, spec.nodeName of Pods, and
// reason and involvedObject.kind of Events.
//
// Thread contract: plain values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sim/api_server/json_text.h"

namespace virtlens::sim {

// The labels of one object in one string, because 100,000 maps would cost more than the objects'
// own text: "key\0value\0key\0value\0".
std::string PackLabels(const Json& labels);
std::optional<std::string_view> FindLabel(std::string_view packed, std::string_view key);

// The fields of an object, beside its name and namespace, that can be selected by; packed likewise.
std::string PackFields(const Json& object);

class LabelSelector {
 public:
  // "a=b,c!=d,e in (f,g),h notin (i),j,!k". kInvalidArgument: not a selector.
  static Result<LabelSelector> Parse(std::string_view text);
  bool Matches(std::string_view packed_labels) const;
  bool empty() const { return requirements_.empty(); }

 private:
  // Equality is membership in a set of one value.
  enum class Operator { kIn, kNotIn, kExists, kNotExists };
  struct Requirement {
    std::string key;
    Operator operation = Operator::kExists;
    std::vector<std::string> values;
  };
  static Result<Requirement> ParseRequirement(std::string_view text);

  std::vector<Requirement> requirements_;
};

class FieldSelector {
 public:
  // "metadata.name=a,spec.nodeName!=b" of a resource, "pods". kInvalidArgument: a field that it
  // does not have, or no selector.
  static Result<FieldSelector> Parse(std::string_view text, std::string_view plural);
  bool Matches(std::string_view space, std::string_view name, std::string_view packed_fields) const;
  bool empty() const { return requirements_.empty(); }

 private:
  struct Requirement {
    std::string field;
    bool equal = true;
    std::string value;
  };
  std::vector<Requirement> requirements_;
};

}  // namespace virtlens::sim
