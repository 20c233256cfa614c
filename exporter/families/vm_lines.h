// The lines of a VM's families, one function a family; vm_families.cc is the table.
//
// Thread contract: pure functions over a subject that the Store's lock guards.
#pragma once

#include "exporter/families/family.h"

namespace virtlens::exporter::vm_lines {

void RenderInfo(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderStatus(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderStatusSince(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderCreated(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderDeletion(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderDesiredRunning(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderConditions(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderRestartRequired(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderStartFailures(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderCpu(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderMemory(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderDisks(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderDiskSizes(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderInterfaces(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderNode(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderJoin(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderPhase(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderPhaseTransitions(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderReady(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderPaused(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderLiveMigratable(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderOutdated(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderGuest(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderLabels(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderDisplayName(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderHeartbeat(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderHeartbeatLostSince(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderMigrations(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);

}  // namespace virtlens::exporter::vm_lines
