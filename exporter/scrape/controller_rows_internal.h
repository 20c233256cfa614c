// Rows of the component table: what controllers and virt-api count of each VM, what components say
// of themselves, and what importers say of their transfer.
//
// Internal to component_table.cc. Thread contract: constant data.
#pragma once

#include <string_view>

#include "exporter/scrape/component_table.h"

namespace virtlens::exporter::controller_rows {

using enum Component;
using enum FamilyType;

inline constexpr double kPercent = 100;

// A row of sessions, which every virt-api counts for itself.
constexpr ComponentRow Sessions(std::string_view name, UpstreamNames upstream,
                                std::string_view help) {
  return {name, kGauge, "",          {kVirtApi},       upstream, help,
          {},   "vmi",  Merge::kSum, Dropped::kNewest, false};
}

// A row of a component itself.
constexpr ComponentRow Own(std::string_view name, FamilyType type,
                           ShortList<Component, 4> components, UpstreamNames upstream,
                           std::string_view help, RowLabels labels, Merge merge) {
  return {name, type, "", components, upstream, help, labels, "", merge, Dropped::kNewest, false};
}

inline constexpr ComponentRow kRows[] = {
    // virt_vm_sync_total{...,component="virt-handler"} 42
    {"virt_vm_sync_total",
     kCounter,
     "",
     {kVirtHandler, kVirtController},
     {{"kubevirt_vmi_sync_total"}},
     "Reconciliations of the VM's instance by virt-handler and by virt-controller.",
     {{kComponentLabel, "component"}},
     "name",
     Merge::kOne,
     Dropped::kNewest,
     false},
    // virt_vm_launcher_memory_overhead_bytes{...} 250000000
    {"virt_vm_launcher_memory_overhead_bytes",
     kGauge,
     "bytes",
     {kVirtController},
     {{"kubevirt_vmi_launcher_memory_overhead_bytes"}},
     "Memory that KubeVirt adds to the guest's for the launcher Pod, by estimate.",
     {},
     "name",
     Merge::kOne,
     Dropped::kNewest,
     false},
    // virt_vm_snapshot_succeeded_timestamp_seconds{...,snapshot="nightly"} 1700000000
    {"virt_vm_snapshot_succeeded_timestamp_seconds",
     kGauge,
     "seconds",
     {kVirtController},
     {{"kubevirt_vmsnapshot_succeeded_timestamp_seconds"}},
     "When a snapshot succeeded. virt-controller keeps it until it restarts, even when the "
     "snapshot "
     "is deleted.",
     {{"snapshot_name", "snapshot"}},
     "name",
     Merge::kMax,
     Dropped::kNewest,
     false},

    // virt_vm_console_sessions{...} 1
    Sessions("virt_vm_console_sessions", {{"kubevirt_console_active_connections"}},
             "Open serial consoles, over all virt-apis."),
    // virt_vm_vnc_sessions{...} 1
    Sessions("virt_vm_vnc_sessions", {{"kubevirt_vnc_active_connections"}},
             "Open VNC connections, over all virt-apis."),
    // virt_vm_usbredir_sessions{...} 1
    Sessions("virt_vm_usbredir_sessions", {{"kubevirt_usbredir_active_connections"}},
             "Open USB redirections, over all virt-apis."),
    // virt_vm_portforward_tunnels{...} 1
    Sessions("virt_vm_portforward_tunnels", {{"kubevirt_portforward_active_tunnels"}},
             "Open port forwards, over all virt-apis."),
    // virt_vm_last_api_connection_timestamp_seconds{...} 1700000000
    {"virt_vm_last_api_connection_timestamp_seconds",
     kGauge,
     "seconds",
     {kVirtApi},
     {{"kubevirt_vmi_last_api_connection_timestamp_seconds"}},
     "When someone last opened a console, a VNC connection or the like.",
     {},
     "vmi",
     Merge::kMax,
     Dropped::kNewest,
     false},

    // virt_component_info{cluster="c1",component="virt-handler",target="node-1",
    //   version="v1.9.0"} 1
    Own("virt_component_info", kInfo, {kVirtHandler}, {{"kubevirt_info"}},
        "The version of KubeVirt that a node's virt-handler runs.",
        {{kComponentLabel, "component"}, {kTargetLabel, "target"}, {"kubeversion", "version"}},
        Merge::kEachTarget),
    // virt_component_ready{cluster="c1",component="virt-api",target="virt-api-1"} 1
    Own("virt_component_ready", kGauge, {kVirtHandler, kVirtController, kVirtApi, kVirtOperator},
        {{"kubevirt_virt_handler_ready_status"},
         {"kubevirt_virt_controller_ready_status"},
         {"kubevirt_virt_api_ready_status"},
         {"kubevirt_virt_operator_ready_status"},
         {"kubevirt_virt_controller_ready"},
         {"kubevirt_virt_operator_ready"}},
        "1 when the component calls itself ready.",
        {{kComponentLabel, "component"}, {kTargetLabel, "target"}}, Merge::kEachTarget),
    // virt_component_leading{cluster="c1",component="virt-controller",
    //   target="virt-controller-1"} 1
    Own("virt_component_leading", kGauge, {kVirtController, kVirtOperator},
        {{"kubevirt_virt_controller_leading_status"},
         {"kubevirt_virt_operator_leading_status"},
         {"kubevirt_virt_controller_leading"},
         {"kubevirt_virt_operator_leading"}},
        "1 for the replica that works.", {{kComponentLabel, "component"}, {kTargetLabel, "target"}},
        Merge::kEachTarget),
    // virt_node_deprecated_machine_type{cluster="c1",node="node-1",machine_type="pc-q35-4.2"} 1
    Own("virt_node_deprecated_machine_type", kGauge, {kVirtHandler},
        {{"kubevirt_node_deprecated_machine_types"}},
        "Machine types of a node that libvirt calls deprecated.",
        {{"node", "node"}, {"machine_type", "machine_type"}}, Merge::kMax),
    // virt_cdi_datavolumes_pending{cluster="c1"} 0
    Own("virt_cdi_datavolumes_pending", kGauge, {kCdiController},
        {{"kubevirt_cdi_datavolume_pending"}},
        "DataVolumes that wait because no default storage class exists.", {}, Merge::kOne),
    // virt_cdi_storage_profile_info{cluster="c1",storage_class="fast",provisioner="csi",
    //   complete="true",default="true",virt_default="false",rwx="true",smart_clone="true",
    //   degraded="false"} 1
    Own("virt_cdi_storage_profile_info", kInfo, {kCdiController},
        {{"kubevirt_cdi_storageprofile_info"}}, "What CDI knows of a storage class.",
        {{"storageclass", "storage_class"},
         {"provisioner", "provisioner"},
         {"complete", "complete"},
         {"default", "default"},
         {"virtdefault", "virt_default"},
         {"rwx", "rwx"},
         {"smartclone", "smart_clone"},
         {"degraded", "degraded"}},
        Merge::kOne),
    // virt_cdi_ready{cluster="c1"} 1
    Own("virt_cdi_ready", kGauge, {kCdiOperator}, {{"kubevirt_cdi_cr_ready"}},
        "1 when CDI is ready, 0 when not, -1 when there is none.", {}, Merge::kOne),

    // Joined: virt_datavolume_transfer_progress_ratio{...,datavolume="shop-root"} 0.372
    Own("virt_datavolume_transfer_progress_ratio", kGauge, {kCdiImporter},
        {{"kubevirt_cdi_import_progress_total", kPercent},
         {"kubevirt_cdi_clone_progress_total", kPercent},
         {"kubevirt_cdi_openstack_populator_progress_total", kPercent},
         {"kubevirt_cdi_ovirt_progress_total", kPercent}},
        "Of storage_families.cc.", {{"ownerUID", "owner_uid"}}, Merge::kEachTarget),
};

}  // namespace virtlens::exporter::controller_rows
