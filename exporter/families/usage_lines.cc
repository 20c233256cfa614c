#include "exporter/families/usage_lines.h"

namespace virtlens::exporter::vm_lines {
namespace {

std::string Reading(const VmSubject& vm, Meter meter) {
  const MeterInfo& info = kMeters[static_cast<std::size_t>(meter)];
  return DecimalText(vm.account->totals().meters[meter], info.decimals);
}

void RenderMeter(const VmSubject& vm, Meter meter, FamilyWriter& out) {
  if (vm.account) out.Exact({}, Reading(vm, meter));
}

}  // namespace

void RenderRunning(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  RenderMeter(vm, Meter::kRunning, out);
}

void RenderCoreSeconds(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  RenderMeter(vm, Meter::kCores, out);
}

void RenderMemorySeconds(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  RenderMeter(vm, Meter::kMemory, out);
}

void RenderDiskSeconds(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  RenderMeter(vm, Meter::kDisk, out);
}

void RenderVmDowntime(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  if (!vm.account || !vm.vm) return;
  out.Exact({"true"}, Reading(vm, Meter::kPlannedDowntime));
  out.Exact({"false"}, Reading(vm, Meter::kUnplannedDowntime));
}

void RenderRestarts(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  if (vm.account && vm.vm) out.Sample(static_cast<double>(vm.account->totals().restarts));
}

// Reasons that have occurred; a zero of each would cost five series a VM.
void RenderCrashes(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  if (!vm.account) return;
  const CrashCounts& crashes = vm.account->totals().crashes;
  for (std::size_t i = 1; i < crashes.size(); ++i) {
    if (crashes[i] == 0) continue;
    out.Sample({CrashReasonSet::kValues[i]}, static_cast<double>(crashes[i]));
  }
}

}  // namespace virtlens::exporter::vm_lines
