// Rows of the component table: what virt-handler, and kubevirt-metrics-exporter where it is
// installed, report of the guest of each VM.
//
// Internal to component_table.cc. Thread contract: constant data.
#pragma once

#include <string_view>

#include "exporter/scrape/component_table.h"

namespace virtlens::exporter::guest_rows {

using enum Component;
using enum FamilyType;

inline constexpr double kMilliseconds = 1000;
inline constexpr LabelMapping kDisk = {"drive", "disk"};
inline constexpr LabelMapping kInterface = {"interface", "interface"};
inline constexpr LabelMapping kVcpu = {"id", "vcpu"};

// A row that virt-handler reports per VM.
constexpr ComponentRow Guest(std::string_view name, FamilyType type, std::string_view unit,
                             UpstreamNames upstream, std::string_view help, RowLabels labels = {}) {
  return {name, type, unit, {kVirtHandler}, upstream, help, labels};
}

inline constexpr ComponentRow kRows[] = {
    // virt_vm_cpu_usage_seconds_total{...} 130.5
    Guest("virt_vm_cpu_usage_seconds_total", kCounter, "seconds",
          {{"kubevirt_vmi_cpu_usage_seconds_total"}, {"kubevirt_vmi_cpu_usage_seconds"}},
          "CPU time of the VM's domain: guest, emulator and I/O threads."),
    // virt_vm_cpu_user_usage_seconds_total{...} 100.25
    Guest("virt_vm_cpu_user_usage_seconds_total", kCounter, "seconds",
          {{"kubevirt_vmi_cpu_user_usage_seconds_total"}, {"kubevirt_vmi_cpu_user_usage_seconds"}},
          "CPU time that the domain spent in user mode of the node."),
    // virt_vm_cpu_system_usage_seconds_total{...} 30.25
    Guest("virt_vm_cpu_system_usage_seconds_total", kCounter, "seconds",
          {{"kubevirt_vmi_cpu_system_usage_seconds_total"},
           {"kubevirt_vmi_cpu_system_usage_seconds"}},
          "CPU time that the domain spent in system mode of the node."),
    // virt_vm_vcpu_seconds_total{...,vcpu="0"} 60.5
    Guest("virt_vm_vcpu_seconds_total", kCounter, "seconds",
          {{"kubevirt_vmi_vcpu_seconds_total"}, {"kubevirt_vmi_vcpu_seconds"}},
          "CPU time of one virtual CPU. Upstream puts the momentary state on this counter as a "
          "label, so that its series jump; here a virtual CPU is one series.",
          {kVcpu}),
    // virt_vm_vcpu_wait_seconds_total{...,vcpu="0"} 1.5
    Guest("virt_vm_vcpu_wait_seconds_total", kCounter, "seconds",
          {{"kubevirt_vmi_vcpu_wait_seconds_total"}, {"kubevirt_vmi_vcpu_wait_seconds"}},
          "Time that one virtual CPU waited for I/O.", {kVcpu}),
    // virt_vm_vcpu_delay_seconds_total{...,vcpu="0"} 0.25
    Guest("virt_vm_vcpu_delay_seconds_total", kCounter, "seconds",
          {{"kubevirt_vmi_vcpu_delay_seconds_total"}, {"kubevirt_vmi_vcpu_delay_seconds"}},
          "Time that one virtual CPU was ready and waited for a CPU of the node.", {kVcpu}),
    // virt_vm_node_cpu_affinity{...} 8
    Guest("virt_vm_node_cpu_affinity", kGauge, "", {{"kubevirt_vmi_node_cpu_affinity"}},
          "Pairs of a virtual CPU and a CPU of the node that it may run on."),

    // virt_vm_memory_resident_bytes{...} 1.1e+09
    Guest("virt_vm_memory_resident_bytes", kGauge, "bytes",
          {{"kubevirt_vmi_memory_resident_bytes"}},
          "Memory of the node that the domain's process holds."),
    // virt_vm_memory_domain_bytes{...} 2147483648
    Guest("virt_vm_memory_domain_bytes", kGauge, "bytes",
          {{"kubevirt_vmi_memory_domain_bytes"}, {"kubevirt_vmi_memory_domain_bytes_total"}},
          "Memory that the domain may use."),
    // virt_vm_memory_balloon_bytes{...} 2147483648
    Guest("virt_vm_memory_balloon_bytes", kGauge, "bytes",
          {{"kubevirt_vmi_memory_actual_balloon_bytes"}},
          "Memory that the balloon leaves to the guest."),
    // virt_vm_memory_available_bytes{...} 2000000000
    Guest("virt_vm_memory_available_bytes", kGauge, "bytes",
          {{"kubevirt_vmi_memory_available_bytes"}},
          "Memory that the guest's kernel manages; needs the balloon driver."),
    // virt_vm_memory_usable_bytes{...} 1500000000
    Guest(
        "virt_vm_memory_usable_bytes", kGauge, "bytes", {{"kubevirt_vmi_memory_usable_bytes"}},
        "Memory that the guest could give away without swapping (MemAvailable); needs the balloon "
        "driver."),
    // virt_vm_memory_unused_bytes{...} 1000000000
    Guest("virt_vm_memory_unused_bytes", kGauge, "bytes", {{"kubevirt_vmi_memory_unused_bytes"}},
          "Memory that the guest uses for nothing, not even caches; needs the balloon driver."),
    // virt_vm_memory_cached_bytes{...} 400000000
    Guest("virt_vm_memory_cached_bytes", kGauge, "bytes", {{"kubevirt_vmi_memory_cached_bytes"}},
          "Memory that the guest uses for caches; needs the balloon driver."),
    // virt_vm_memory_swap_in_bytes_total{...} 4096
    Guest("virt_vm_memory_swap_in_bytes_total", kCounter, "bytes",
          {{"kubevirt_vmi_memory_swap_in_traffic_bytes"},
           {"kubevirt_vmi_memory_swap_in_traffic_bytes_total"}},
          "Bytes that the guest read from its swap. Upstream types it gauge; it only grows."),
    // virt_vm_memory_swap_out_bytes_total{...} 8192
    Guest("virt_vm_memory_swap_out_bytes_total", kCounter, "bytes",
          {{"kubevirt_vmi_memory_swap_out_traffic_bytes"},
           {"kubevirt_vmi_memory_swap_out_traffic_bytes_total"}},
          "Bytes that the guest wrote to its swap. Upstream types it gauge; it only grows."),
    // virt_vm_memory_major_page_faults_total{...} 12
    Guest("virt_vm_memory_major_page_faults_total", kCounter, "",
          {{"kubevirt_vmi_memory_pgmajfault_total"}, {"kubevirt_vmi_memory_pgmajfault"}},
          "Page faults of the guest that needed its disk."),
    // virt_vm_memory_minor_page_faults_total{...} 3456
    Guest("virt_vm_memory_minor_page_faults_total", kCounter, "",
          {{"kubevirt_vmi_memory_pgminfault_total"}, {"kubevirt_vmi_memory_pgminfault"}},
          "Page faults of the guest that did not need its disk."),
    // virt_vm_dirty_rate_bytes_per_second{...} 1048576
    Guest("virt_vm_dirty_rate_bytes_per_second", kGauge, "bytes_per_second",
          {{"kubevirt_vmi_dirty_rate_bytes_per_second"}},
          "Rate at which the guest changes its memory; what a migration must outrun."),

    // virt_vm_disk_reads_total{...,disk="root"} 100
    Guest("virt_vm_disk_reads_total", kCounter, "", {{"kubevirt_vmi_storage_iops_read_total"}},
          "Finished reads. Denominator of virt_vm_disk_read_time_seconds_total.", {kDisk}),
    // virt_vm_disk_writes_total{...,disk="root"} 200
    Guest("virt_vm_disk_writes_total", kCounter, "", {{"kubevirt_vmi_storage_iops_write_total"}},
          "Finished writes. Denominator of virt_vm_disk_write_time_seconds_total.", {kDisk}),
    // virt_vm_disk_read_bytes_total{...,disk="root"} 409600
    Guest("virt_vm_disk_read_bytes_total", kCounter, "bytes",
          {{"kubevirt_vmi_storage_read_traffic_bytes_total"}}, "Bytes read.", {kDisk}),
    // virt_vm_disk_write_bytes_total{...,disk="root"} 819200
    Guest("virt_vm_disk_write_bytes_total", kCounter, "bytes",
          {{"kubevirt_vmi_storage_write_traffic_bytes_total"}}, "Bytes written.", {kDisk}),
    // virt_vm_disk_read_time_seconds_total{...,disk="root"} 1.5
    Guest("virt_vm_disk_read_time_seconds_total", kCounter, "seconds",
          {{"kubevirt_vmi_storage_read_times_seconds_total"},
           {"kubevirt_vmi_storage_read_times_ms_total", kMilliseconds}},
          "Time spent on reads. Its rate alone is not the latency: divide by the rate of "
          "virt_vm_disk_reads_total for the mean.",
          {kDisk}),
    // virt_vm_disk_write_time_seconds_total{...,disk="root"} 2.5
    Guest("virt_vm_disk_write_time_seconds_total", kCounter, "seconds",
          {{"kubevirt_vmi_storage_write_times_seconds_total"},
           {"kubevirt_vmi_storage_write_times_ms_total", kMilliseconds}},
          "Time spent on writes. Its rate alone is not the latency: divide by the rate of "
          "virt_vm_disk_writes_total for the mean.",
          {kDisk}),
    // virt_vm_disk_flushes_total{...,disk="root"} 20
    Guest("virt_vm_disk_flushes_total", kCounter, "",
          {{"kubevirt_vmi_storage_flush_requests_total"}},
          "Finished flushes. Denominator of virt_vm_disk_flush_time_seconds_total.", {kDisk}),
    // virt_vm_disk_flush_time_seconds_total{...,disk="root"} 0.5
    Guest("virt_vm_disk_flush_time_seconds_total", kCounter, "seconds",
          {{"kubevirt_vmi_storage_flush_times_seconds_total"},
           {"kubevirt_vmi_storage_flush_times_ms_total", kMilliseconds}},
          "Time spent on flushes; divide by the rate of virt_vm_disk_flushes_total for the mean.",
          {kDisk}),
    // virt_vm_disk_used_bytes{...,disk="root"} 5368709120
    Guest(
        "virt_vm_disk_used_bytes", kGauge, "bytes", {},
        "Storage that the disk's image has taken, as libvirt sees it from the node: up to the last "
        "sector written. Only where /v1/vmstats is served.",
        {kDisk}),
    // virt_vm_disk_capacity_bytes{...,disk="root"} 32212254720
    Guest("virt_vm_disk_capacity_bytes", kGauge, "bytes", {},
          "Size of the disk that the guest sees. Only where /v1/vmstats is served.", {kDisk}),
    // virt_vm_disk_io_latency_seconds_bucket{...,disk="root",persistentvolumeclaim="shop-root",
    //   operation="read",le="0.01"} 90
    {"virt_vm_disk_io_latency_seconds",
     kHistogram,
     "seconds",
     {kLatencyExporter},
     {{"kubevirt_vmi_storage_io_latency_seconds"}},
     "Latency of disk operations by kubevirt-metrics-exporter, where that is installed; its "
     "buckets are kept.",
     {{"disk", "disk"},
      {"persistentvolumeclaim", "persistentvolumeclaim"},
      {"operation", "operation"}}},

    // virt_vm_network_receive_bytes_total{...,interface="default"} 5000
    Guest("virt_vm_network_receive_bytes_total", kCounter, "bytes",
          {{"kubevirt_vmi_network_receive_bytes_total"},
           {"kubevirt_vmi_network_traffic_bytes_total", 1, "type", "rx"}},
          "Bytes that the VM received.", {kInterface}),
    // virt_vm_network_transmit_bytes_total{...,interface="default"} 6000
    Guest("virt_vm_network_transmit_bytes_total", kCounter, "bytes",
          {{"kubevirt_vmi_network_transmit_bytes_total"},
           {"kubevirt_vmi_network_traffic_bytes_total", 1, "type", "tx"}},
          "Bytes that the VM sent.", {kInterface}),
    // virt_vm_network_receive_packets_total{...,interface="default"} 50
    Guest("virt_vm_network_receive_packets_total", kCounter, "",
          {{"kubevirt_vmi_network_receive_packets_total"}}, "Packets that the VM received.",
          {kInterface}),
    // virt_vm_network_transmit_packets_total{...,interface="default"} 60
    Guest("virt_vm_network_transmit_packets_total", kCounter, "",
          {{"kubevirt_vmi_network_transmit_packets_total"}}, "Packets that the VM sent.",
          {kInterface}),
    // virt_vm_network_receive_errors_total{...,interface="default"} 1
    Guest("virt_vm_network_receive_errors_total", kCounter, "",
          {{"kubevirt_vmi_network_receive_errors_total"}}, "Errors while receiving.", {kInterface}),
    // virt_vm_network_transmit_errors_total{...,interface="default"} 2
    Guest("virt_vm_network_transmit_errors_total", kCounter, "",
          {{"kubevirt_vmi_network_transmit_errors_total"}}, "Errors while sending.", {kInterface}),
    // virt_vm_network_receive_drops_total{...,interface="default"} 3
    Guest("virt_vm_network_receive_drops_total", kCounter, "",
          {{"kubevirt_vmi_network_receive_packets_dropped_total"}},
          "Packets dropped while receiving.", {kInterface}),
    // virt_vm_network_transmit_drops_total{...,interface="default"} 4
    Guest("virt_vm_network_transmit_drops_total", kCounter, "",
          {{"kubevirt_vmi_network_transmit_packets_dropped_total"}},
          "Packets dropped while sending.", {kInterface}),

    // virt_vm_filesystem_capacity_bytes{...,disk="vda1",mount_point="/",fstype="ext4"} 10000000
    Guest("virt_vm_filesystem_capacity_bytes", kGauge, "bytes",
          {{"kubevirt_vmi_filesystem_capacity_bytes"},
           {"kubevirt_vmi_filesystem_capacity_bytes_total"}},
          "Size of a file system in the guest; needs the guest agent, which is asked every five "
          "minutes.",
          {{"disk_name", "disk"}, {"mount_point", "mount_point"}, {"file_system_type", "fstype"}}),
    // virt_vm_filesystem_used_bytes{...,disk="vda1",mount_point="/",fstype="ext4"} 4000000
    Guest("virt_vm_filesystem_used_bytes", kGauge, "bytes",
          {{"kubevirt_vmi_filesystem_used_bytes"}},
          "Used bytes of a file system in the guest; needs the guest agent.",
          {{"disk_name", "disk"}, {"mount_point", "mount_point"}, {"file_system_type", "fstype"}}),
    // virt_vm_guest_load_1m{...} 0.5
    Guest("virt_vm_guest_load_1m", kGauge, "", {{"kubevirt_vmi_guest_load_1m"}},
          "Load average of the guest over one minute; needs guest agent 10."),
    // virt_vm_guest_load_5m{...} 0.25
    Guest("virt_vm_guest_load_5m", kGauge, "", {{"kubevirt_vmi_guest_load_5m"}},
          "Load average of the guest over five minutes; needs guest agent 10."),
    // virt_vm_guest_load_15m{...} 0.125
    Guest("virt_vm_guest_load_15m", kGauge, "", {{"kubevirt_vmi_guest_load_15m"}},
          "Load average of the guest over fifteen minutes; needs guest agent 10."),
    // virt_vm_guest_panics_total{...,type="pvpanic"} 1
    {"virt_vm_guest_panics_total",
     kCounter,
     "",
     {kVirtHandler},
     {{"kubevirt_vmi_guest_os_panic_total"}},
     "Panics that the guest reported. The code of a Windows bug check, which a guest can make up, "
     "is no label here.",
     {{"type", "type"}},
     "name",
     Merge::kOne,
     Dropped::kSum,
     false},

    // virt_vm_migration_data_bytes{...} 2000000
    Guest("virt_vm_migration_data_bytes", kGauge, "bytes",
          {{"kubevirt_vmi_migration_data_bytes_total"},
           {"kubevirt_vmi_migration_data_total_bytes"},
           {"kubevirt_migrate_vmi_data_total_bytes"}},
          "Bytes that the running migration has to move. Upstream types it counter; it is the size "
          "of one migration."),
    // virt_vm_migration_data_processed_bytes{...} 1500000
    Guest("virt_vm_migration_data_processed_bytes", kGauge, "bytes",
          {{"kubevirt_vmi_migration_data_processed_bytes"},
           {"kubevirt_migrate_vmi_data_processed_bytes"}},
          "Bytes that the running migration has moved. The newest of upstream's ten samples."),
    // virt_vm_migration_data_remaining_bytes{...} 500000
    Guest("virt_vm_migration_data_remaining_bytes", kGauge, "bytes",
          {{"kubevirt_vmi_migration_data_remaining_bytes"},
           {"kubevirt_migrate_vmi_data_remaining_bytes"}},
          "Bytes that the running migration has still to move. The newest of upstream's samples."),
    // virt_vm_migration_dirty_rate_bytes_per_second{...} 1000
    Guest("virt_vm_migration_dirty_rate_bytes_per_second", kGauge, "bytes_per_second",
          {{"kubevirt_vmi_migration_dirty_memory_rate_bytes"},
           {"kubevirt_migrate_vmi_dirty_memory_rate_bytes"}},
          "Rate at which the guest changes memory during the running migration."),
    // virt_vm_migration_transfer_rate_bytes_per_second{...} 100000
    Guest("virt_vm_migration_transfer_rate_bytes_per_second", kGauge, "bytes_per_second",
          {{"kubevirt_vmi_migration_memory_transfer_rate_bytes"},
           {"kubevirt_migrate_vmi_memory_transfer_rate_bytes"}},
          "Rate at which the running migration moves memory."),
};

}  // namespace virtlens::exporter::guest_rows
