#include "sim/api_server/selector.h"

#include <algorithm>

#include "base/text.h"

namespace virtlens::sim {
namespace {

constexpr std::size_t kMaxSelectorBytes = 16 * 1024;
constexpr std::string_view kNameField = "metadata.name";
constexpr std::string_view kSpaceField = "metadata.namespace";

struct SelectableField {
  std::string_view plural, kind;
  const char* part;  // of the object; "": the object itself
  const char* name;
  std::string_view path;
};
constexpr SelectableField kFields[] = {
    {"pods", "Pod", "spec", "nodeName", "spec.nodeName"},
    {"events", "Event", "", "reason", "reason"},
    {"events", "Event", "involvedObject", "kind", "involvedObject.kind"},
};

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// The characters of a qualified label name and of a label value.
bool IsLabelText(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '/';
  });
}

// Cuts at commas outside parentheses.
std::vector<std::string_view> SplitRequirements(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t start = 0;
  bool inside = false;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '(') inside = true;
    if (i < text.size() && text[i] == ')') inside = false;
    if (i == text.size() || (text[i] == ',' && !inside)) {
      parts.push_back(Trim(text.substr(start, i - start)));
      start = i + 1;
    }
  }
  return parts;
}

tl::unexpected<Error> NoSelector(std::string_view text) {
  return Fail(Code::kInvalidArgument, "unable to parse requirement: " + std::string(text));
}

struct Comparison {
  std::string_view left, right;
  bool equal = true;
};

// "a=b", "a==b", "a!=b"
std::optional<Comparison> ParseComparison(std::string_view text) {
  const std::size_t at = text.find('=');
  if (at == std::string_view::npos) return std::nullopt;
  Comparison comparison;
  comparison.equal = at == 0 || text[at - 1] != '!';
  comparison.left = Trim(text.substr(0, comparison.equal ? at : at - 1));
  std::string_view right = text.substr(at + 1);
  if (comparison.equal && right.starts_with('=')) right.remove_prefix(1);
  comparison.right = Trim(right);
  return comparison;
}

}  // namespace

std::string PackLabels(const Json& labels) {
  std::string packed;
  if (!labels.is_object()) return packed;
  for (const auto& [key, value] : labels.items()) {
    if (!value.is_string()) continue;
    packed.append(key).push_back('\0');
    packed.append(value.get_ref<const std::string&>()).push_back('\0');
  }
  packed.shrink_to_fit();
  return packed;
}

std::optional<std::string_view> FindLabel(std::string_view packed, std::string_view key) {
  while (!packed.empty()) {
    const std::size_t key_end = packed.find('\0');
    const std::size_t value_end = packed.find('\0', key_end + 1);
    if (value_end == std::string_view::npos) return std::nullopt;
    if (packed.substr(0, key_end) == key) {
      return packed.substr(key_end + 1, value_end - key_end - 1);
    }
    packed.remove_prefix(value_end + 1);
  }
  return std::nullopt;
}

Result<LabelSelector::Requirement> LabelSelector::ParseRequirement(std::string_view text) {
  Requirement requirement;
  if (const auto comparison = ParseComparison(text)) {
    requirement.key = comparison->left;
    requirement.operation = comparison->equal ? Operator::kIn : Operator::kNotIn;
    requirement.values.emplace_back(comparison->right);
  } else if (const std::size_t open = text.find('('); open != std::string_view::npos) {
    if (!text.ends_with(')')) return NoSelector(text);
    const std::string_view head = Trim(text.substr(0, open));
    const std::size_t space = head.find(' ');
    if (space == std::string_view::npos) return NoSelector(text);
    const std::string_view word = Trim(head.substr(space + 1));
    if (word != "in" && word != "notin") return NoSelector(text);
    requirement.key = head.substr(0, space);
    requirement.operation = word == "in" ? Operator::kIn : Operator::kNotIn;
    for (const auto value : Split(text.substr(open + 1, text.size() - open - 2), ',')) {
      requirement.values.emplace_back(Trim(value));
    }
  } else if (text.starts_with('!')) {
    requirement.key = Trim(text.substr(1));
    requirement.operation = Operator::kNotExists;
  } else {
    requirement.key = text;
  }
  if (requirement.key.empty() || !IsLabelText(requirement.key)) return NoSelector(text);
  for (const auto& value : requirement.values) {
    if (!IsLabelText(value)) return NoSelector(text);
  }
  return requirement;
}

Result<LabelSelector> LabelSelector::Parse(std::string_view text) {
  LabelSelector selector;
  if (text.size() > kMaxSelectorBytes) return NoSelector("too long");
  if (Trim(text).empty()) return selector;
  for (const auto part : SplitRequirements(text)) {
    VIRTLENS_TRY(auto requirement, ParseRequirement(part));
    selector.requirements_.push_back(std::move(requirement));
  }
  return selector;
}

bool LabelSelector::Matches(std::string_view packed_labels) const {
  return std::all_of(requirements_.begin(), requirements_.end(), [&](const Requirement& wanted) {
    const auto value = FindLabel(packed_labels, wanted.key);
    const bool member = value && std::find(wanted.values.begin(), wanted.values.end(), *value) !=
                                     wanted.values.end();
    switch (wanted.operation) {
      case Operator::kIn:
        return member;
      case Operator::kNotIn:
        return !member;  // an object without the label matches too
      case Operator::kExists:
        return value.has_value();
      case Operator::kNotExists:
        return !value.has_value();
    }
    return false;
  });
}

std::string PackFields(const Json& object) {
  Json fields = Json::object();
  const std::string kind = TextOf(object, "kind");
  for (const SelectableField& field : kFields) {
    if (field.kind != kind) continue;
    const bool own = std::string_view(field.part).empty();
    fields[std::string(field.path)] =
        TextOf(own ? object : ObjectOf(object, field.part), field.name);
  }
  return PackLabels(fields);
}

Result<FieldSelector> FieldSelector::Parse(std::string_view text, std::string_view plural) {
  FieldSelector selector;
  if (text.size() > kMaxSelectorBytes) return NoSelector("too long");
  for (const auto part : Split(text, ',')) {
    const auto comparison = ParseComparison(part);
    if (!comparison) return NoSelector(part);
    const std::string_view name = comparison->left;
    const bool known = name == kNameField || name == kSpaceField ||
                       std::any_of(std::begin(kFields), std::end(kFields), [&](const auto& field) {
                         return field.plural == plural && field.path == name;
                       });
    if (!known) {
      return Fail(Code::kInvalidArgument, "field label not supported: " + std::string(name));
    }
    selector.requirements_.push_back(
        {std::string(name), comparison->equal, std::string(comparison->right)});
  }
  return selector;
}

bool FieldSelector::Matches(std::string_view space, std::string_view name,
                            std::string_view packed_fields) const {
  return std::all_of(requirements_.begin(), requirements_.end(), [&](const Requirement& wanted) {
    const std::string_view value = wanted.field == kNameField ? name
                                   : wanted.field == kSpaceField
                                       ? space
                                       : FindLabel(packed_fields, wanted.field).value_or("");
    return (value == wanted.value) == wanted.equal;
  });
}

}  // namespace virtlens::sim
