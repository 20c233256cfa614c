// The lines of a VM's usage families, one function a family; vm_families.cc is the table.
//
// Thread contract: pure functions over a subject that the Store's lock guards.
#pragma once

#include "exporter/families/family.h"

namespace virtlens::exporter::vm_lines {

void RenderRunning(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderCoreSeconds(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderMemorySeconds(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderDiskSeconds(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderVmDowntime(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderRestarts(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);
void RenderCrashes(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out);

}  // namespace virtlens::exporter::vm_lines
