// What is kept of a custom resource: the fields that its KindSpec names.
//
// Thread contract: plain values.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/rows/kind_spec.h"
#include "exporter/rows/rows.h"

namespace virtlens::exporter {

struct CustomCondition {
  Symbol type;  // of the kind's closed set, or "other"
  ConditionStatus status;
  Micros transition = 0;
  bool operator==(const CustomCondition&) const = default;
};

struct CustomRow {
  std::shared_ptr<const KindSpec> kind;
  Metadata meta;
  Symbol version;  // of apiVersion
  int finalizers = 0;
  Symbol owner_kind;  // the controlling owner, else the first
  std::string owner_name;
  Owner user_owner;      // the owner that is a user's VM
  std::string owner_vm;  // the owner that is a VirtualMachine of KubeVirt
  Symbol phase;          // of the kind's closed set, or "other"
  std::vector<CustomCondition> conditions;
  // What there is of the kind's fields, sorted by field. Flags are 0 or 1.
  std::vector<std::pair<Field, std::string>> texts;
  std::vector<std::pair<Field, double>> numbers;
  std::vector<std::string> labels;  // by KindSpec::labels; "" for what is missing

  bool operator==(const CustomRow&) const = default;

  std::string_view Text(Field field) const;  // "" when there is none
  std::optional<double> Number(Field field) const;
  // By flag, else by the condition Ready; nullopt: the object does not say.
  std::optional<bool> Ready() const;
  bool Complete() const;
  bool Failed() const;
  // When it became complete: its own word, else the transition of the condition that says so.
  Micros Finished() const;
  // KubeVirt's name of the VM that it names itself; "" when it names none.
  std::string_view NamedVm() const;
};

}  // namespace virtlens::exporter
