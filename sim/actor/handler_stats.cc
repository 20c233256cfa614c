#include "sim/actor/handler_stats.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "sim/actor/guest_series_internal.h"

namespace virtlens::sim::actor {
namespace {

constexpr double kNanoseconds = 1e9;
constexpr double kKibibyte = 1.0 / 1024;
constexpr double kMebibyte = 1.0 / (1024 * 1024);
constexpr std::string_view kDirtyRate = "kubevirt_vmi_dirty_rate_bytes_per_second";

// Where a family of the page stands in DomainStats, and the factor of its unit there.
struct Field {
  std::string_view family, group, name;
  double factor = 1;
};
constexpr auto kFields = std::to_array<Field>({
    {"kubevirt_vmi_cpu_usage_seconds_total", "Cpu", "Time", kNanoseconds},
    {"kubevirt_vmi_cpu_user_usage_seconds_total", "Cpu", "User", kNanoseconds},
    {"kubevirt_vmi_cpu_system_usage_seconds_total", "Cpu", "System", kNanoseconds},
    {"kubevirt_vmi_vcpu_seconds_total", "Vcpu", "Time", kNanoseconds},
    {"kubevirt_vmi_vcpu_wait_seconds_total", "Vcpu", "Wait", kNanoseconds},
    {"kubevirt_vmi_vcpu_delay_seconds_total", "Vcpu", "Delay", kNanoseconds},
    {"kubevirt_vmi_memory_domain_bytes", "Memory", "Total", kKibibyte},
    {"kubevirt_vmi_memory_resident_bytes", "Memory", "RSS", kKibibyte},
    {"kubevirt_vmi_memory_available_bytes", "Memory", "Available", kKibibyte},
    {"kubevirt_vmi_memory_usable_bytes", "Memory", "Usable", kKibibyte},
    {"kubevirt_vmi_memory_unused_bytes", "Memory", "Unused", kKibibyte},
    {"kubevirt_vmi_memory_swap_in_traffic_bytes", "Memory", "SwapIn", kKibibyte},
    {"kubevirt_vmi_memory_swap_out_traffic_bytes", "Memory", "SwapOut", kKibibyte},
    {"kubevirt_vmi_memory_pgmajfault_total", "Memory", "MajorFault"},
    {"kubevirt_vmi_storage_iops_read_total", "Block", "RdReqs"},
    {"kubevirt_vmi_storage_iops_write_total", "Block", "WrReqs"},
    {"kubevirt_vmi_storage_read_traffic_bytes_total", "Block", "RdBytes"},
    {"kubevirt_vmi_storage_write_traffic_bytes_total", "Block", "WrBytes"},
    {"kubevirt_vmi_storage_read_times_seconds_total", "Block", "RdTimes", kNanoseconds},
    {"kubevirt_vmi_storage_write_times_seconds_total", "Block", "WrTimes", kNanoseconds},
    {"kubevirt_vmi_storage_flush_requests_total", "Block", "FlReqs"},
    {"kubevirt_vmi_storage_flush_times_seconds_total", "Block", "FlTimes", kNanoseconds},
    {"kubevirt_vmi_network_receive_bytes_total", "Net", "RxBytes"},
    {"kubevirt_vmi_network_transmit_bytes_total", "Net", "TxBytes"},
    {"kubevirt_vmi_network_receive_packets_total", "Net", "RxPkts"},
    {"kubevirt_vmi_network_transmit_packets_total", "Net", "TxPkts"},
    {"kubevirt_vmi_network_receive_errors_total", "Net", "RxErrs"},
    {"kubevirt_vmi_network_receive_packets_dropped_total", "Net", "RxDrop"},
});

// The values of one family, into one guest's statistics.
class Statistics final : public GuestSink {
 public:
  Statistics(Json& stats, const Field* field) : stats_(stats), field_(field) {}

  void Add(const Guest& /*guest*/, double value, const Device& device = {}) override {
    if (field_ == nullptr) {
      stats_["DirtyRateMbps"] = static_cast<std::int64_t>(std::llround(value * kMebibyte));
      return;
    }
    Json& group = GroupOf(device);
    group[std::string(field_->name)] =
        static_cast<std::uint64_t>(std::llround(value * field_->factor));
    group[std::string(field_->name) + "Set"] = true;
  }
  void AddAt(const Guest&, double, WallTime) override {}

 private:
  // A device is an element of its group's list; a virtual CPU by its place.
  Json& GroupOf(const Device& device) {
    Json& group = stats_["DomainStats"][std::string(field_->group)];
    if (device.label.empty()) return group;
    if (device.label == "id") return group[std::stoul(device.name)];
    if (!group.is_array()) group = Json::array();
    for (Json& one : group) {
      if (Text(one, "Alias") == device.name) return one;
    }
    return group.emplace_back(Json{{"NameSet", true},
                                   {"Name", "dev" + std::to_string(group.size())},
                                   {"AliasSet", true},
                                   {"Alias", device.name}});
  }

  Json& stats_;
  const Field* field_;  // nullptr: the dirty rate, which stands apart
};

// What no page tells: a disk of 10 GiB, thinly filled.
constexpr Field kCapacity = {{}, "Block", "Capacity"};
constexpr Field kAllocation = {{}, "Block", "Allocation"};
constexpr double kDiskBytes = 10 / kMebibyte * 1024;

void AddStorage(const Guest& guest, Json& stats) {
  for (const std::string& drive : guest.facts.drives) {
    const Device device{.label = "drive", .name = drive};
    Statistics(stats, &kCapacity).Add(guest, kDiskBytes, device);
    Statistics(stats, &kAllocation).Add(guest, guest.Between(drive, 0.1, 0.9) * kDiskBytes, device);
  }
}

const Field* FieldOf(std::string_view family) {
  const auto* found = std::find_if(kFields.begin(), kFields.end(),
                                   [&](const Field& field) { return field.family == family; });
  return found == kFields.end() ? nullptr : found;
}

Json StatisticsOf(const Guest& guest, const StatsParts& parts) {
  Json stats = {{"DomainStats", {{"Name", guest.facts.space + "_" + guest.facts.name}}}};
  for (const GuestFamily& family : GuestFamilies()) {
    const bool dirty_rate = family.name == kDirtyRate;
    const Field* const field = FieldOf(family.name);
    if (dirty_rate ? !parts.dirty_rate : field == nullptr || !parts.domain_stats) continue;
    Statistics into(stats, field);
    family.emit(guest, into);
  }
  if (parts.domain_stats) AddStorage(guest, stats);
  return {{"stats", std::move(stats)}};
}

}  // namespace

Result<StatsParts> StatsPartsOf(const http::Request& request) {
  StatsParts parts;
  if (request.method == "POST") {
    const Json body = Json::parse(request.body, nullptr, false);
    parts.domain_stats = Find(body, "allVMIs/domainStats") != nullptr;
    parts.dirty_rate = Find(body, "allVMIs/dirtyRate") != nullptr;
  } else {
    const auto asked = [&](std::string_view name) {
      const auto values = request.Query(name);
      return !values.empty() && values.front() == "true";
    };
    parts.domain_stats = asked("domainStats");
    parts.dirty_rate = asked("dirtyRate");
  }
  if (parts.domain_stats || parts.dirty_rate) return parts;
  return Fail(Code::kInvalidArgument, "at least one stats category must be requested");
}

std::string RenderStatistics(const std::vector<const GuestFacts*>& guests, const StatsParts& parts,
                             std::uint64_t seed, WallTime now) {
  Json all = Json::object();
  for (const GuestFacts* facts : guests) {
    all[facts->space + "/" + facts->name] = StatisticsOf(Guest(*facts, seed, now), parts);
  }
  return all.dump();
}

}  // namespace virtlens::sim::actor
