// The Pods that VMs run in, and the quotas of their projects.

#include "exporter/families/family.h"

namespace virtlens::exporter {
namespace {

using enum FamilyType;
using enum Identity;

void RenderPod(const LauncherSubject& launcher, const Inventory&, FamilyWriter& out) {
  if (launcher.row.ended()) return;
  out.Sample({launcher.key.name, launcher.row.meta.uid, launcher.row.node.text()}, true);
}

void RenderPhase(const LauncherSubject& launcher, const Inventory&, FamilyWriter& out) {
  if (!launcher.row.phase.empty()) {
    out.Sample({launcher.key.name, launcher.row.phase.text()}, true);
  }
}

template <double PodResources::*kRequest, double PodResources::*kLimit>
void RenderResource(const LauncherSubject& launcher, const Inventory&, FamilyWriter& out) {
  if (launcher.row.ended()) return;
  const PodResources& resources = launcher.row.resources;
  if (resources.*kRequest > 0) out.Sample({launcher.key.name, "request"}, resources.*kRequest);
  if (resources.*kLimit > 0) out.Sample({launcher.key.name, "limit"}, resources.*kLimit);
}

constexpr Family<LauncherSubject> kLauncherFamilies[] = {
    // virt_vm_pod_info{...,pod="virt-launcher-shop-x7k2p",uid="5c…",node="node-1"} 1
    {{"virt_vm_pod_info",
      kInfo,
      "",
      kVm,
      {"pod", "uid", "node"},
      Stability::kStable,
      "Pod of KubeVirt's virt-launcher",
      "The Pods that the VM's instance runs in, by which series of the kubelet are joined with "
      "ours; two while it migrates. Pods that have ended have no series."},
     kRowField,
     RenderPod},

    // virt_vm_pod_phase{...,pod="virt-launcher-shop-x7k2p",phase="Running"} 1
    {{"virt_vm_pod_phase",
      kGauge,
      "",
      kVm,
      {"pod", "phase"},
      Stability::kStable,
      "Pod status.phase",
      "Current phase of the VM's Pods, those among them that have ended and are still kept."},
     kRowField,
     RenderPhase},

    // virt_vm_pod_cpu_cores{...,pod="virt-launcher-shop-x7k2p",type="request"} 0.1
    {{"virt_vm_pod_cpu_cores",
      kGauge,
      "",
      kVm,
      {"pod", "type"},
      Stability::kStable,
      "Pod spec.containers, spec.initContainers, spec.overhead",
      "CPU that the VM's Pod asks the node for (request) and may use at most (limit)."},
     kRowField,
     RenderResource<&PodResources::cpu_request, &PodResources::cpu_limit>},

    // virt_vm_pod_memory_bytes{...,pod="virt-launcher-shop-x7k2p",type="request"} 2415919104
    {{"virt_vm_pod_memory_bytes",
      kGauge,
      "bytes",
      kVm,
      {"pod", "type"},
      Stability::kStable,
      "Pod spec.containers, spec.initContainers, spec.overhead",
      "Memory that the VM's Pod asks the node for (request) and may use at most (limit): the "
      "guest's and what QEMU and KubeVirt need beside it."},
     kRowField,
     RenderResource<&PodResources::memory_request, &PodResources::memory_limit>},
};

void RenderQuota(const QuotaSubject& quota, const Inventory& inventory, FamilyWriter& out) {
  const QuotaShare share = inventory.QuotaShareOf(quota.key.space);
  for (const QuotaAmount& amount : quota.row.amounts) {
    const std::string_view resource = amount.resource.text();
    out.Sample({quota.key.name, resource, "hard"}, amount.hard);
    out.Sample({quota.key.name, resource, "used"}, amount.used);
    // A share without its Pods would be a lie.
    if (QuotaShare::CountsPods(resource) && !inventory.launchers_read()) continue;
    if (const auto vms = share.Of(resource)) out.Sample({quota.key.name, resource, "vms"}, *vms);
  }
}

constexpr Family<QuotaSubject> kQuotaFamilies[] = {
    // virt_project_quota{workspace="ops",project="web",cluster="c1",resourcequota="web",
    //   resource="requests.memory",type="vms"} 4831838208
    {{"virt_project_quota",
      kGauge,
      "",
      kProject,
      {"resourcequota", "resource", "type"},
      Stability::kStable,
      "ResourceQuota status; Pods of virt-launcher, claims and objects of VMs",
      "Quotas of the project in the resource's own unit: hard is the limit, used what counts "
      "against it, vms the part of used that is VMs (absent where that is not known)."},
     kRowField,
     RenderQuota},
};

}  // namespace

template <>
std::span<const Family<LauncherSubject>> FamiliesOf() {
  return kLauncherFamilies;
}

template <>
std::span<const Family<QuotaSubject>> FamiliesOf() {
  return kQuotaFamilies;
}

}  // namespace virtlens::exporter
