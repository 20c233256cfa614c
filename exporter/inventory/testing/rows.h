// Small rows for tests of the inventory and the store; a test sets what matters to it.
#pragma once

#include <string>
#include <string_view>

#include "exporter/rows/rows.h"

namespace virtlens::exporter {

inline constexpr Micros kSecond = 1'000'000;

inline Metadata MetaOf(std::string_view space, std::string_view name, Micros created = kSecond) {
  Metadata meta;
  meta.key = ObjectKey{Symbol(space), std::string(name)};
  meta.uid = "uid-" + std::string(name);
  meta.created = created;
  return meta;
}

inline NamespaceRow NamespaceOf(std::string_view name, std::string_view workspace) {
  NamespaceRow row;
  row.meta = MetaOf("", name);
  row.workspace = Symbol(workspace);
  return row;
}

inline NodeRow NodeOf(std::string_view name, Micros heartbeat) {
  NodeRow row;
  row.meta = MetaOf("", name);
  row.heartbeat = heartbeat;
  row.schedulable = true;
  row.ready = ConditionStatus::Of("True");
  return row;
}

inline VmRow VmOf(std::string_view space, std::string_view name,
                  PrintableStatus status = PrintableStatus::Of("Running")) {
  VmRow row;
  row.meta = MetaOf(space, name);
  row.run_strategy = RunStrategy::Of("Always");
  row.status = status;
  return row;
}

inline VmConditionRow ConditionOf(VmCondition type, ConditionStatus status,
                                  VmConditionReason reason = {}, Micros transition = 0) {
  return VmConditionRow{type, status, reason, transition};
}

inline VmiRow VmiOf(std::string_view space, std::string_view name, std::string_view node = "n1",
                    VmiPhase phase = VmiPhase::Of("Running")) {
  VmiRow row;
  row.meta = MetaOf(space, name);
  row.vm_name = name;
  row.phase = phase;
  row.node = Symbol(node);
  row.conditions = {ConditionOf(VmCondition::Of("Ready"), ConditionStatus::Of("True"))};
  return row;
}

inline VmiRow WithAgent(VmiRow row) {
  row.conditions.push_back(
      ConditionOf(VmCondition::Of("AgentConnected"), ConditionStatus::Of("True")));
  return row;
}

inline Owner OwnerOf(OwnerKind kind, std::string_view name) {
  return Owner{kind, Symbol(), std::string(name)};
}

inline ClaimRow ClaimOf(std::string_view space, std::string_view name, double bytes) {
  ClaimRow row;
  row.meta = MetaOf(space, name);
  row.phase = ClaimPhase::Of("Bound");
  row.storage_class = Symbol("fast");
  row.capacity_bytes = bytes;
  return row;
}

inline DataVolumeRow DataVolumeOf(std::string_view space, std::string_view name,
                                  DataVolumePhase phase) {
  DataVolumeRow row;
  row.meta = MetaOf(space, name);
  row.phase = phase;
  row.claim = Symbol(name);
  return row;
}

inline MigrationRow MigrationOf(std::string_view space, std::string_view name, std::string_view vmi,
                                MigrationPhase phase) {
  MigrationRow row;
  row.meta = MetaOf(space, name);
  row.vmi_name = vmi;
  row.phase = phase;
  return row;
}

inline Disk DiskOf(std::string_view name, std::string_view claim) {
  Disk disk;
  disk.name = Symbol(name);
  disk.claim = Symbol(claim);
  disk.source = VolumeSource::Of("persistentVolumeClaim");
  return disk;
}

}  // namespace virtlens::exporter
