#include "exporter/decode/custom.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/time.h"
#include "exporter/decode/metadata.h"
#include "kube/quantity.h"

namespace virtlens::exporter {
namespace {

// At most `limit` bytes, cut between two characters.
std::string_view Clip(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0U) == 0x80U) --limit;
  return text.substr(0, limit);
}

// What a power state or run strategy means, in one vocabulary; what is not here is "other".
constexpr auto kPowerStates = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"Running", "Running"},
    {"Started", "Running"},
    {"Always", "Running"},
    {"always", "Running"},
    {"Stopped", "Stopped"},
    {"Halted", "Stopped"},
    {"halted", "Stopped"},
    {"Paused", "Paused"},
    {"Manual", "Manual"},
    {"RerunOnFailure", "RerunOnFailure"},
    {"Once", "Once"},
});

std::string_view PowerState(std::string_view text) {
  for (const auto& [word, meaning] : kPowerStates) {
    if (word == text) return meaning;
  }
  return "other";
}

double InstantOf(std::string_view text) {
  const auto time = ParseRfc3339(text);
  if (!time) return 0;
  return static_cast<double>(
      std::chrono::duration_cast<std::chrono::microseconds>(time->time_since_epoch()).count());
}

std::string_view VersionOf(std::string_view api_version) {
  const std::size_t slash = api_version.find('/');
  return slash == std::string_view::npos ? api_version : api_version.substr(slash + 1);
}

bool Contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

Symbol Words::Bound(std::string_view text) {
  if (text.empty()) return {};
  if (!given_.empty()) return Symbol(Contains(given_, text) ? text : "other");
  if (learned_.contains(text)) return Symbol(text);
  if (text.size() > kMaxWordBytes || learned_.size() >= kMaxLearnedWords) return Symbol("other");
  learned_.emplace(text);
  return Symbol(text);
}

CustomReader::CustomReader(std::shared_ptr<const KindSpec> kind)
    : kind_(std::move(kind)),
      phases_(kind_->phases),
      condition_types_(kind_->condition_types),
      picks_(1 + kind_->fields.size() + kind_->labels.size()) {
  std::size_t target = kConditionsTarget;
  const auto add = [&](const std::string& path) {
    if (const auto steps = ParsePath(path)) tree_.Add(*steps, target);
    ++target;
  };
  add(kind_->conditions);
  for (const FieldPath& field : kind_->fields) add(field.path);
  for (const auto& label : kind_->labels) add(label.second);
}

const FieldPath* CustomReader::FieldOf(std::size_t target) const {
  const std::size_t index = target - 1;
  return target == kConditionsTarget || index >= kind_->fields.size() ? nullptr
                                                                      : &kind_->fields[index];
}

void CustomReader::Read(json::Node& root, CustomRow& row) {
  for (Pick& pick : picks_) {
    pick.seen = false;
    pick.text.clear();
    pick.number = 0;
  }
  failure_message_.clear();
  row.kind = kind_;
  root.EachField([&](json::Node& part) {
    if (part.name() == "metadata") return ReadMetadataOf(part, row);
    if (part.name() == "apiVersion") {
      if (const auto text = part.Text()) row.version = Symbol(VersionOf(*text));
      return;
    }
    if (const PathNode* place = tree_.Member(part.name())) Visit(part, *place, row);
  });
  Gather(row);
}

void CustomReader::ReadMetadataOf(json::Node& metadata, CustomRow& row) {
  const PathNode* here = tree_.Member("metadata");
  ReadMetadata(metadata, row.meta, [&](json::Node& field) {
    if (field.name() == "finalizers") {
      row.finalizers = 0;
      field.EachItem([&](json::Node&) { ++row.finalizers; });
    } else if (field.name() == "ownerReferences") {
      Owners owners;
      ReadOwners(field, owners);
      row.user_owner = std::move(owners.owner);
      row.owner_vm = std::move(owners.vm_name);
      row.owner_kind = Symbol(Clip(owners.any_kind, kMaxWordBytes));
      row.owner_name = std::move(owners.any_name);
    } else if (here != nullptr) {
      if (const PathNode* place = here->Member(field.name())) Visit(field, *place, row);
    }
  });
}

void CustomReader::Visit(json::Node& value, const PathNode& place, CustomRow& row) {
  switch (value.Shape()) {
    case json::Shape::kNull:
      return;
    case json::Shape::kScalar:
      return TakeScalar(value, place);
    case json::Shape::kObject:
      CountPresent(place);
      if (place.members.empty()) return;
      return value.EachField([&](json::Node& field) {
        if (const PathNode* next = place.Member(field.name())) Visit(field, *next, row);
      });
    case json::Shape::kList:
      if (!place.targets.empty() && place.targets.front() == kConditionsTarget) {
        return ReadConditions(value, row);
      }
      if (!place.each) return;
      ExpectCounts(*place.each);
      return value.EachItem([&](json::Node& item) { Visit(item, *place.each, row); });
  }
}

void CustomReader::ReadConditions(json::Node& list, CustomRow& row) {
  row.conditions.clear();
  list.EachItem([&](json::Node& item) {
    if (item.Shape() != json::Shape::kObject) return;
    CustomCondition condition;
    std::string message;
    item.EachField([&](json::Node& field) {
      const auto text = field.Scalar();
      if (!text) return;
      if (field.name() == "type") {
        condition.type = condition_types_.Bound(*text);
      } else if (field.name() == "status") {
        condition.status = ConditionStatus::From(*text);
      } else if (field.name() == "lastTransitionTime") {
        condition.transition = static_cast<Micros>(InstantOf(*text));
      } else if (field.name() == "message") {
        message = Clip(*text, kMaxCustomTextBytes);
      }
    });
    if (condition.type.empty()) return;
    const bool known =
        std::any_of(row.conditions.begin(), row.conditions.end(),
                    [&](const CustomCondition& other) { return other.type == condition.type; });
    if (known) return;  // two types outside the set are both "other"; the first counts
    if (condition.status.Is(ConditionStatus::Of("True")) &&
        Contains(kind_->failures, condition.type.text())) {
      failure_message_ = std::move(message);
    }
    row.conditions.push_back(std::move(condition));
  });
}

void CustomReader::TakeScalar(json::Node& value, const PathNode& place) {
  if (place.targets.empty()) return;
  const auto text = value.Scalar();
  if (!text) return;
  for (const std::size_t target : place.targets) {
    Pick& pick = picks_[target];
    if (const FieldPath* field = FieldOf(target)) {
      TakeField(*field, *text, pick);
    } else if (target != kConditionsTarget) {
      pick.text = Clip(*text, kMaxCustomTextBytes);
    }
  }
}

void CustomReader::TakeField(const FieldPath& field, std::string_view text, Pick& pick) {
  switch (TypeOf(field.field)) {
    case FieldType::kText:
      pick.text = Clip(text, kMaxCustomTextBytes);
      pick.seen = !text.empty();
      return;
    case FieldType::kFlag:
      pick.number = text == "true" ? 1 : 0;
      pick.seen = text == "true" || text == "false";
      return;
    case FieldType::kInstant:
      pick.number = InstantOf(text);
      pick.seen = pick.number > 0;
      return;
    case FieldType::kSum: {
      const auto quantity = kube::ParseQuantity(text);
      if (!quantity || !std::isfinite(*quantity) || *quantity < 0) return;
      pick.number += *quantity * field.scale;
      pick.seen = true;
      return;
    }
    case FieldType::kCount:
      pick.number += text == "false" ? 0 : 1;
      pick.seen = true;
      return;
  }
}

void CustomReader::CountPresent(const PathNode& place) {
  for (const std::size_t target : place.targets) {
    const FieldPath* field = FieldOf(target);
    if (field == nullptr || TypeOf(field->field) != FieldType::kCount) continue;
    picks_[target].number += 1;
    picks_[target].seen = true;
  }
}

// An empty list counts 0, a missing one does not count.
void CustomReader::ExpectCounts(const PathNode& each) {
  const auto expect = [this](const PathNode& node) {
    for (const std::size_t target : node.targets) {
      const FieldPath* field = FieldOf(target);
      if (field != nullptr && TypeOf(field->field) == FieldType::kCount) picks_[target].seen = true;
    }
  };
  expect(each);
  for (const auto& member : each.members) expect(*member);
}

void CustomReader::Gather(CustomRow& row) {
  const auto gather = [](auto& list, Field field, auto value, bool add) {
    const auto found = std::find_if(list.begin(), list.end(),
                                    [&](const auto& entry) { return entry.first == field; });
    if (found == list.end()) {
      list.emplace_back(field, std::move(value));
    } else if constexpr (std::is_same_v<decltype(value), double>) {
      if (add) found->second += value;
    }
  };
  for (std::size_t i = 0; i < kind_->fields.size(); ++i) {
    const Field field = kind_->fields[i].field;
    Pick& pick = picks_[1 + i];
    if (!pick.seen) continue;
    if (field == Field::kPhase) {
      if (row.phase.empty()) row.phase = phases_.Bound(pick.text);
    } else if (field == Field::kPowerWanted || field == Field::kPowerActual) {
      gather(row.texts, field, std::string(PowerState(pick.text)), false);
    } else if (TypeOf(field) == FieldType::kText) {
      gather(row.texts, field, pick.text, false);
    } else {
      const FieldType type = TypeOf(field);
      gather(row.numbers, field, pick.number, type == FieldType::kSum || type == FieldType::kCount);
    }
  }
  if (!failure_message_.empty()) gather(row.texts, Field::kError, failure_message_, false);
  const auto by_field = [](const auto& a, const auto& b) { return a.first < b.first; };
  std::sort(row.texts.begin(), row.texts.end(), by_field);
  std::sort(row.numbers.begin(), row.numbers.end(), by_field);
  for (std::size_t i = 0; i < kind_->labels.size(); ++i) {
    row.labels.push_back(picks_[1 + kind_->fields.size() + i].text);
  }
}

}  // namespace virtlens::exporter
