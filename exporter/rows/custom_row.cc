#include "exporter/rows/custom_row.h"

#include <algorithm>

namespace virtlens::exporter {
namespace {

bool Contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

const CustomCondition* FindTrue(const CustomRow& row, const std::vector<std::string>& types) {
  for (const CustomCondition& condition : row.conditions) {
    if (condition.status.Is(ConditionStatus::Of("True")) &&
        Contains(types, condition.type.text())) {
      return &condition;
    }
  }
  return nullptr;
}

}  // namespace

std::string_view CustomRow::Text(Field field) const {
  for (const auto& [name, text] : texts) {
    if (name == field) return text;
  }
  return {};
}

std::optional<double> CustomRow::Number(Field field) const {
  for (const auto& [name, number] : numbers) {
    if (name == field) return number;
  }
  return std::nullopt;
}

std::optional<bool> CustomRow::Ready() const {
  if (const auto flag = Number(Field::kReady)) return *flag != 0;
  for (const CustomCondition& condition : conditions) {
    if (condition.type == "Ready") return condition.status.Is(ConditionStatus::Of("True"));
  }
  return std::nullopt;
}

bool CustomRow::Complete() const {
  return Number(Field::kComplete).value_or(0) != 0 || FindTrue(*this, kind->completions) != nullptr;
}

bool CustomRow::Failed() const {
  return !Text(Field::kError).empty() || Contains(kind->failures, phase.text()) ||
         FindTrue(*this, kind->failures) != nullptr;
}

Micros CustomRow::Finished() const {
  if (const auto at = Number(Field::kFinished)) return static_cast<Micros>(*at);
  const CustomCondition* condition = FindTrue(*this, kind->completions);
  return condition == nullptr ? 0 : condition->transition;
}

std::string_view CustomRow::NamedVm() const {
  if (!owner_vm.empty()) return owner_vm;
  if (const std::string_view vm = Text(Field::kVm); !vm.empty()) return vm;
  return Text(Field::kSourceKind) == "VirtualMachine" ? Text(Field::kSource) : std::string_view();
}

}  // namespace virtlens::exporter
