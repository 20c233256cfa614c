#include "exporter/scrape/component_table.h"

#include <algorithm>
#include <utility>

namespace virtlens::exporter {
namespace {

using enum Component;
using enum FamilyType;

constexpr double kMilliseconds = 1000;
constexpr LabelMapping kDisk = {"drive", "disk"};
constexpr LabelMapping kInterface = {"interface", "interface"};
constexpr LabelMapping kVcpu = {"id", "vcpu"};

using Names = ShortList<UpstreamName, 6>;
using Labels = ShortList<LabelMapping, 8>;

// A row that virt-handler reports per VM.
constexpr ComponentRow Guest(std::string_view name, FamilyType type, std::string_view unit,
                             Names upstream, std::string_view help, Labels labels = {}) {
  return {name, type, unit, {kVirtHandler}, upstream, help, labels};
}

// A row of sessions, which every virt-api counts for itself.
constexpr ComponentRow Sessions(std::string_view name, Names upstream, std::string_view help) {
  return {name, kGauge, "",          {kVirtApi},       upstream, help,
          {},   "vmi",  Merge::kSum, Dropped::kNewest, false};
}

// A row of a component itself.
constexpr ComponentRow Own(std::string_view name, FamilyType type,
                           ShortList<Component, 4> components, Names upstream,
                           std::string_view help, Labels labels, Merge merge) {
  return {name, type, "", components, upstream, help, labels, "", merge, Dropped::kNewest, false};
}

constexpr ComponentRow kRows[] = {
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
    // virt_vm_disk_io_latency_seconds_bucket{...,disk="root",persistentvolumeclaim="shop-root",
    //   operation="read",le="0.01"} 90
    {"virt_vm_disk_io_latency_seconds",
     kHistogram,
     "seconds",
     {kLatencyExporter},
     {{"kubevirt_vmi_storage_io_latency_seconds"}},
     "Latency of disk operations by kubevirt-metrics-exporter, where that is installed; its "
     "buckets "
     "are kept.",
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
};

static_assert(std::size(kRows) == kComponentRowCount);

constexpr bool RowsAreInOrder() {
  for (std::size_t i = 0; i < std::size(kRows); ++i) {
    if (kRows[i].vm_label.empty() != (i >= kVmRows)) return false;
  }
  return true;
}
static_assert(RowsAreInOrder(), "rows of VMs come first, and are kVmRows");

// The names of all rows, hashed while compiling: what a page says is looked up once a name, and
// most of it must be refused fast.
constexpr std::pair<std::string_view, Part> kHistogramParts[] = {
    {"_bucket", Part::kBucket}, {"_sum", Part::kSum}, {"_count", Part::kCount}};

constexpr std::size_t CountNames() {
  std::size_t count = 0;
  for (const ComponentRow& row : kRows) {
    count += row.upstream.size() * (row.type == kHistogram ? std::size(kHistogramParts) : 1);
  }
  return count;
}

constexpr bool IsBefore(const WantedName& left, const WantedName& right) {
  return left.name != right.name ? left.name < right.name : left.suffix < right.suffix;
}

// Sorted, so that the rows that share a name are neighbours.
constexpr auto kWanted = [] {
  std::array<WantedName, CountNames()> names{};
  std::size_t count = 0;
  for (std::size_t i = 0; i < std::size(kRows); ++i) {
    const auto row = static_cast<std::uint16_t>(i);
    std::uint8_t rank = 0;
    for (const UpstreamName& upstream : kRows[i].upstream) {
      if (kRows[i].type == kHistogram) {
        for (const auto& [suffix, part] : kHistogramParts) {
          names[count++] = {upstream.name, suffix, part, row, rank};
        }
      } else {
        names[count++] = {upstream.name, {}, Part::kValue, row, rank};
      }
      ++rank;
    }
  }
  std::sort(names.begin(), names.end(), IsBefore);
  return names;
}();

// FNV-1a of the length and the last bytes, where the names differ.
constexpr std::uint32_t Hash(std::string_view name) {
  constexpr std::size_t kTail = 16;
  std::uint32_t hash = 2166136261U ^ static_cast<std::uint32_t>(name.size());
  for (const char c : name.substr(name.size() - std::min(name.size(), kTail))) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  }
  return hash ^ (hash >> 15U);
}

constexpr std::uint32_t HashOf(const WantedName& wanted) {
  if (wanted.suffix.empty()) return Hash(wanted.name);
  std::array<char, 128> joined{};
  char* end = std::copy(wanted.name.begin(), wanted.name.end(), joined.begin());
  end = std::copy(wanted.suffix.begin(), wanted.suffix.end(), end);
  return Hash({joined.data(), static_cast<std::size_t>(end - joined.data())});
}

constexpr std::size_t kSlots = 512;  // a power of two, several times the names
constexpr std::uint16_t kFree = 0xffff;

constexpr bool StartsName(std::size_t i) { return i == 0 || IsBefore(kWanted[i - 1], kWanted[i]); }

// Open addressing; a slot holds the first of the rows of a name.
constexpr auto kSlotOf = [] {
  std::array<std::uint16_t, kSlots> slots{};
  slots.fill(kFree);
  for (std::size_t i = 0; i < kWanted.size(); ++i) {
    if (!StartsName(i)) continue;
    std::size_t slot = HashOf(kWanted[i]) % kSlots;
    while (slots[slot] != kFree) slot = (slot + 1) % kSlots;
    slots[slot] = static_cast<std::uint16_t>(i);
  }
  return slots;
}();
static_assert(kWanted.size() * 2 < kSlots);

bool Is(const WantedName& wanted, std::string_view name) {
  return name.size() == wanted.name.size() + wanted.suffix.size() &&
         name.starts_with(wanted.name) && name.ends_with(wanted.suffix);
}

}  // namespace

std::span<const ComponentRow> ComponentRows() { return kRows; }

std::span<const WantedName> FindWanted(std::string_view name) {
  if (!name.starts_with("kubevirt_")) return {};
  for (std::size_t slot = Hash(name) % kSlots; kSlotOf[slot] != kFree; slot = (slot + 1) % kSlots) {
    const std::size_t first = kSlotOf[slot];
    if (!Is(kWanted[first], name)) continue;
    std::size_t end = first + 1;
    while (end < kWanted.size() && !StartsName(end)) ++end;
    return std::span(kWanted).subspan(first, end - first);
  }
  return {};
}

std::string_view ComponentName(Component component) {
  static constexpr std::array<std::string_view, kComponents> kNames = {
      "virt-handler",   "virt-controller", "virt-api",     "virt-operator",
      "cdi-controller", "cdi-operator",    "cdi-importer", "kubevirt-metrics-exporter"};
  return kNames[static_cast<std::size_t>(component)];
}

}  // namespace virtlens::exporter
