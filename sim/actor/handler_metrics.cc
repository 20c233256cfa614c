#include "sim/actor/handler_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "kube/quantity.h"
#include "sim/actor/guest_series_internal.h"
#include "sim/actor/handler_stats.h"
#include "sim/actor/migration.h"
#include "sim/actor/virt_handler.h"

namespace virtlens::sim::actor {
namespace {

constexpr double kMiB = 1024.0 * 1024.0;
constexpr double kGiB = 1024.0 * kMiB;

std::string EscapeLabel(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string LabelName(std::string_view key) {
  std::string out = "kubernetes_vmi_label_";
  for (const char c : key) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    out += plain ? c : '_';
  }
  return out;
}

class Lines final : public GuestSink {
 public:
  explicit Lines(std::string& out) : out_(out) {}
  void Start(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    fmt::format_to(std::back_inserter(out_), "# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
  }
  void Add(const Guest& guest, double value, const Device& device = {}) override {
    fmt::format_to(std::back_inserter(out_), "{}{{{}", name_, guest.facts.labels);
    if (!device.label.empty()) {
      fmt::format_to(std::back_inserter(out_), ",{}=\"{}\"{}", device.label,
                     EscapeLabel(device.name), device.more);
    }
    fmt::format_to(std::back_inserter(out_), "}} {}\n", value);
  }
  // Without the VMI's labels.
  void AddAt(const Guest& guest, double value, WallTime at) override {
    const auto millis =
        std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch());
    fmt::format_to(std::back_inserter(out_),
                   "{}{{node=\"{}\",namespace=\"{}\",name=\"{}\"}} {} {}\n", name_,
                   guest.facts.node, guest.facts.space, guest.facts.name, value, millis.count());
  }

 private:
  std::string& out_;
  std::string_view name_;
};

void PerDrive(const Guest& guest, GuestSink& lines, std::string_view purpose, double least,
              double most, double step) {
  for (const std::string& drive : guest.facts.drives) {
    const double rate = guest.Between(fmt::format("{}/{}", purpose, drive), least, most);
    lines.Add(guest, std::floor(guest.Counter(rate) / step) * step, {"drive", drive});
  }
}

void PerInterface(const Guest& guest, GuestSink& lines, std::string_view purpose, double least,
                  double most) {
  for (const std::string& interface : guest.facts.interfaces) {
    const double rate = guest.Between(fmt::format("{}/{}", purpose, interface), least, most);
    lines.Add(guest, std::floor(guest.Counter(rate)), {"interface", interface});
  }
}

void PerFilesystem(const Guest& guest, GuestSink& lines, double share) {
  if (!guest.facts.agent) return;
  const double size = std::floor(guest.Between("disk", 10, 200)) * kGiB;
  lines.Add(guest, std::floor(size * share),
            {"disk_name", "vda1", R"(,mount_point="/",file_system_type="ext4")"});
}

// A ring of ten samples, five seconds apart, the newest possibly not last.
void PerSample(const Guest& guest, GuestSink& lines,
               double (*value)(const Guest&, double seconds)) {
  if (!guest.facts.migration_start) return;
  constexpr std::chrono::seconds kStep{5};
  const auto count = (guest.now() - *guest.facts.migration_start) / kStep;
  for (auto i = std::max<decltype(count)>(0, count - 9); i <= count; ++i) {
    const auto offset = kStep * i;
    lines.AddAt(guest, std::floor(value(guest, static_cast<double>(offset.count()))),
                *guest.facts.migration_start + offset);
  }
}

double MigrationRate(const Guest& guest) { return guest.Between("transfer", 80, 400) * kMiB; }

constexpr std::array kFamilies = std::to_array<GuestFamily>({
    {"kubevirt_vmi_cpu_usage_seconds_total", "counter",
     "Total CPU time spent in all modes (sum of both vcpu and hypervisor usage).",
     [](const Guest& g, GuestSink& l) { l.Add(g, g.Counter(g.cpu_rate())); }},
    {"kubevirt_vmi_cpu_user_usage_seconds_total", "counter", "Total CPU time spent in user mode.",
     [](const Guest& g, GuestSink& l) { l.Add(g, g.Counter(g.cpu_rate() * 0.7)); }},
    {"kubevirt_vmi_cpu_system_usage_seconds_total", "counter",
     "Total CPU time spent in system mode.",
     [](const Guest& g, GuestSink& l) { l.Add(g, g.Counter(g.cpu_rate() * 0.3)); }},
    {"kubevirt_vmi_vcpu_seconds_total", "counter", "Total amount of time spent in each state by each vcpu.",
     [](const Guest& g, GuestSink& l) {
       const double each = g.Counter(g.cpu_rate() / static_cast<double>(g.facts.vcpus));
       for (std::int64_t id = 0; id < g.facts.vcpus; ++id) {
         l.Add(g, each, {"id", std::to_string(id), ",state=\"running\""});
       }
     }},
    {"kubevirt_vmi_vcpu_wait_seconds_total", "counter",
     "Amount of time spent by each vcpu while waiting on I/O.",
     [](const Guest& g, GuestSink& l) {
       for (std::int64_t id = 0; id < g.facts.vcpus; ++id) {
         l.Add(g, g.Counter(g.Between("wait", 0, 0.02)), {"id", std::to_string(id)});
       }
     }},
    {"kubevirt_vmi_vcpu_delay_seconds_total", "counter",
     "Amount of time spent by each vcpu waiting in the queue instead of running.",
     [](const Guest& g, GuestSink& l) {
       for (std::int64_t id = 0; id < g.facts.vcpus; ++id) {
         l.Add(g, g.Counter(g.Between("delay", 0, 0.05)), {"id", std::to_string(id)});
       }
     }},
    {"kubevirt_vmi_memory_domain_bytes", "gauge",
     "The amount of memory in bytes allocated to the domain.",
     [](const Guest& g, GuestSink& l) { l.Add(g, g.facts.memory_bytes); }},
    {"kubevirt_vmi_memory_resident_bytes", "gauge",
     "Resident set size of the process running the domain.",
     [](const Guest& g, GuestSink& l) {
       l.Add(g, std::floor(g.Gauge("rss", g.facts.memory_bytes * g.Between("rss", 0.4, 0.9), 0.05)));
     }},
    {"kubevirt_vmi_memory_available_bytes", "gauge",
     "Amount of usable memory as seen by the domain.",
     [](const Guest& g, GuestSink& l) { l.Add(g, std::floor(g.facts.memory_bytes * 0.97)); }},
    {"kubevirt_vmi_memory_usable_bytes", "gauge",
     "The amount of memory which can be reclaimed by balloon without pushing the guest to swap.",
     [](const Guest& g, GuestSink& l) {
       const double share = g.Between("usable", 0.05, 0.7);
       l.Add(g, std::floor(g.Gauge("usable", g.facts.memory_bytes * share, 0.2)));
     }},
    {"kubevirt_vmi_memory_unused_bytes", "gauge",
     "The amount of memory left completely unused by the system.",
     [](const Guest& g, GuestSink& l) {
       const double share = g.Between("usable", 0.05, 0.7) * 0.6;
       l.Add(g, std::floor(g.Gauge("usable", g.facts.memory_bytes * share, 0.2)));
     }},
    {"kubevirt_vmi_memory_swap_in_traffic_bytes", "gauge",
     "The total amount of data read from swap space of the guest in bytes.",
     [](const Guest& g, GuestSink& l) { l.Add(g, std::floor(g.Counter(g.Between("swap", 0, 200)))); }},
    {"kubevirt_vmi_memory_swap_out_traffic_bytes", "gauge",
     "The total amount of memory written out to swap space of the guest in bytes.",
     [](const Guest& g, GuestSink& l) { l.Add(g, std::floor(g.Counter(g.Between("swap", 0, 300)))); }},
    {"kubevirt_vmi_memory_pgmajfault_total", "counter", "The number of page faults that needed disk IO.",
     [](const Guest& g, GuestSink& l) { l.Add(g, std::floor(g.Counter(g.Between("fault", 0, 2)))); }},
    {"kubevirt_vmi_guest_load_1m", "gauge", "Guest system load average over 1 minute.",
     [](const Guest& g, GuestSink& l) {
       if (g.facts.agent) l.Add(g, g.Gauge("load", g.cpu_rate(), 0.3));
     }},
    {"kubevirt_vmi_dirty_rate_bytes_per_second", "gauge", "Guest dirty-rate in bytes per second.",
     [](const Guest& g, GuestSink& l) {
       if (g.facts.migration_start) return;
       l.Add(g, std::floor(g.Gauge("dirty", g.Between("dirty", 0.1, 60) * kMiB, 0.5)));
     }},
    {"kubevirt_vmi_node_cpu_affinity", "gauge", "Number of VMI CPU affinities to node physical cores.",
     [](const Guest& g, GuestSink& l) { l.Add(g, static_cast<double>(g.facts.vcpus * 128)); }},
    {"kubevirt_vmi_storage_iops_read_total", "counter", "Total number of I/O read operations.",
     [](const Guest& g, GuestSink& l) { PerDrive(g, l, "ior", 0.1, 120, 1); }},
    {"kubevirt_vmi_storage_iops_write_total", "counter", "Total number of I/O write operations.",
     [](const Guest& g, GuestSink& l) { PerDrive(g, l, "iow", 0.1, 200, 1); }},
    {"kubevirt_vmi_storage_read_traffic_bytes_total", "counter",
     "Total number of bytes read from storage.",
     [](const Guest& g, GuestSink& l) { PerDrive(g, l, "ior", 0.1 * 16384, 120 * 16384, 512); }},
    {"kubevirt_vmi_storage_write_traffic_bytes_total", "counter", "Total number of written bytes.",
     [](const Guest& g, GuestSink& l) { PerDrive(g, l, "iow", 0.1 * 8192, 200 * 8192, 512); }},
    {"kubevirt_vmi_storage_read_times_seconds_total", "counter",
     "Total time spent on read operations.",
     [](const Guest& g, GuestSink& l) { PerDrive(g, l, "ior", 0.1 * 0.0008, 120 * 0.0008, 1e-9); }},
    {"kubevirt_vmi_storage_write_times_seconds_total", "counter",
     "Total time spent on write operations.",
     [](const Guest& g, GuestSink& l) { PerDrive(g, l, "iow", 0.1 * 0.0012, 200 * 0.0012, 1e-9); }},
    {"kubevirt_vmi_storage_flush_requests_total", "counter", "Total storage flush requests.",
     [](const Guest& g, GuestSink& l) { PerDrive(g, l, "flush", 0.01, 8, 1); }},
    {"kubevirt_vmi_storage_flush_times_seconds_total", "counter",
     "Total time spent on cache flushing.",
     [](const Guest& g, GuestSink& l) { PerDrive(g, l, "flush", 0.01 * 0.002, 8 * 0.002, 1e-9); }},
    {"kubevirt_vmi_network_receive_bytes_total", "counter",
     "Total network traffic received in bytes.",
     [](const Guest& g, GuestSink& l) { PerInterface(g, l, "rx", 200, 4e6); }},
    {"kubevirt_vmi_network_transmit_bytes_total", "counter",
     "Total network traffic transmitted in bytes.",
     [](const Guest& g, GuestSink& l) { PerInterface(g, l, "tx", 200, 2e6); }},
    {"kubevirt_vmi_network_receive_packets_total", "counter",
     "Total network traffic received packets.",
     [](const Guest& g, GuestSink& l) { PerInterface(g, l, "rx", 200 / 900.0, 4e6 / 900); }},
    {"kubevirt_vmi_network_transmit_packets_total", "counter",
     "Total network traffic transmitted packets.",
     [](const Guest& g, GuestSink& l) { PerInterface(g, l, "tx", 200 / 700.0, 2e6 / 700); }},
    {"kubevirt_vmi_network_receive_errors_total", "counter",
     "Total network received error packets.",
     [](const Guest& g, GuestSink& l) { PerInterface(g, l, "rxe", 0, 0.001); }},
    {"kubevirt_vmi_network_receive_packets_dropped_total", "counter",
     "The total number of rx packets dropped on vNIC interfaces.",
     [](const Guest& g, GuestSink& l) { PerInterface(g, l, "rxd", 0, 0.01); }},
    {"kubevirt_vmi_filesystem_capacity_bytes", "gauge", "Total VM filesystem capacity in bytes.",
     [](const Guest& g, GuestSink& l) { PerFilesystem(g, l, 1); }},
    {"kubevirt_vmi_filesystem_used_bytes", "gauge", "Used VM filesystem capacity in bytes.",
     [](const Guest& g, GuestSink& l) { PerFilesystem(g, l, g.Between("used", 0.1, 0.97)); }},
    {"kubevirt_vmi_migration_data_bytes_total", "counter",
     "The total Guest OS data to be migrated to the new VM.",
     [](const Guest& g, GuestSink& l) {
       PerSample(g, l, [](const Guest& m, double) { return m.facts.memory_bytes; });
     }},
    {"kubevirt_vmi_migration_data_processed_bytes", "gauge",
     "The total Guest OS data processed and migrated to the new VM.",
     [](const Guest& g, GuestSink& l) {
       PerSample(g, l, [](const Guest& m, double t) { return MigrationRate(m) * t; });
     }},
    {"kubevirt_vmi_migration_data_remaining_bytes", "gauge",
     "The remaining guest OS data to be migrated to the new VM.",
     [](const Guest& g, GuestSink& l) {
       PerSample(g, l, [](const Guest& m, double t) {
         return std::max(8 * kMiB, m.facts.memory_bytes - MigrationRate(m) * t);
       });
     }},
    {"kubevirt_vmi_migration_dirty_memory_rate_bytes", "gauge",
     "The rate of memory being dirty in the Guest OS.",
     [](const Guest& g, GuestSink& l) {
       PerSample(g, l, [](const Guest& m, double) { return m.Between("dirty", 0.1, 60) * kMiB; });
     }},
    {"kubevirt_vmi_migration_memory_transfer_rate_bytes", "gauge",
     "The rate at which the memory is being transferred.",
     [](const Guest& g, GuestSink& l) {
       PerSample(g, l, [](const Guest& m, double) { return MigrationRate(m); });
     }},
});

std::string CommonLabels(const Json& vmi, const GuestFacts& facts) {
  std::string out =
      fmt::format("node=\"{}\",namespace=\"{}\",name=\"{}\"", facts.node, facts.space, facts.name);
  const Json* labels = Find(vmi, "metadata/labels");
  if (labels == nullptr) return out;
  for (const auto& [key, value] : labels->items()) {
    if (!value.is_string()) continue;
    fmt::format_to(std::back_inserter(out), ",{}=\"{}\"", LabelName(key),
                   EscapeLabel(value.get_ref<const std::string&>()));
  }
  return out;
}

void NamesOf(const Json& vmi, std::string_view path, std::vector<std::string>& out) {
  const Json* all = Find(vmi, path);
  if (all == nullptr || !all->is_array()) return;
  for (const Json& one : *all) out.push_back(Text(one, "name"));
}

}  // namespace

std::span<const GuestFamily> GuestFamilies() { return kFamilies; }

std::optional<GuestFacts> FactsOfGuest(const Json& vmi) {
  if (Text(vmi, "status/phase") != "Running") return std::nullopt;
  GuestFacts facts;
  facts.node = Text(vmi, "status/nodeName");
  facts.space = Space(vmi);
  facts.name = Name(vmi);
  facts.uid = Uid(vmi);
  facts.labels = CommonLabels(vmi, facts);
  facts.running_since = PhaseSince(vmi, "Running").value_or(WallTime());
  facts.vcpus = std::clamp<std::int64_t>(Number(vmi, "status/currentCPUTopology/cores", 1) *
                                             Number(vmi, "status/currentCPUTopology/sockets", 1) *
                                             Number(vmi, "status/currentCPUTopology/threads", 1),
                                         1, 512);
  facts.memory_bytes = kube::ParseQuantity(Text(vmi, "status/memory/guestCurrent")).value_or(kGiB);
  NamesOf(vmi, "spec/volumes", facts.drives);
  NamesOf(vmi, "spec/domain/devices/interfaces", facts.interfaces);
  facts.agent = ConditionIs(vmi, "AgentConnected", "True");
  if (IsMigrating(vmi))
    facts.migration_start = Instant(vmi, "status/migrationState/startTimestamp");
  return facts;
}

std::string RenderGuests(const std::vector<const GuestFacts*>& guests, std::uint64_t seed,
                         WallTime now) {
  std::string out;
  Lines lines(out);
  lines.Start("kubevirt_info", "gauge", "Version information.");
  out += "kubevirt_info{goversion=\"go1.24.9\",kubeversion=\"v1.7.0\"} 1\n";
  for (const GuestFamily& family : kFamilies) {
    lines.Start(family.name, family.type, family.help);
    for (const GuestFacts* facts : guests) family.emit(Guest(*facts, seed, now), lines);
  }
  return out;
}

void HandlerMetrics::Update(const ObjectKey& key, std::optional<GuestFacts> facts) {
  const std::lock_guard lock(mutex_);
  if (facts) {
    guests_.insert_or_assign(key, std::move(*facts));
  } else {
    guests_.erase(key);
  }
}

void HandlerMetrics::SetLost(std::set<std::string> nodes) {
  const std::lock_guard lock(mutex_);
  lost_ = {nodes.begin(), nodes.end()};
}

std::vector<const GuestFacts*> HandlerMetrics::GuestsOf(std::string_view node) const {
  std::vector<const GuestFacts*> guests;
  for (const auto& [key, facts] : guests_) {
    if (lost_.contains(facts.node) || (!node.empty() && facts.node != node)) continue;
    guests.push_back(&facts);
  }
  return guests;
}

std::string HandlerMetrics::Render(std::string_view node, WallTime now) const {
  // Rendering holds the lock: updates wait for some milliseconds, nobody else does.
  const std::lock_guard lock(mutex_);
  return RenderGuests(GuestsOf(node), seed_, now);
}

std::string HandlerMetrics::Statistics(std::string_view node, const StatsParts& parts,
                                       WallTime now) const {
  const std::lock_guard lock(mutex_);
  return RenderStatistics(GuestsOf(node), parts, seed_, now);
}

std::size_t HandlerMetrics::running() const {
  const std::lock_guard lock(mutex_);
  return guests_.size();
}

bool HandlerMetrics::lost(std::string_view node) const {
  const std::lock_guard lock(mutex_);
  return lost_.contains(node);
}

}  // namespace virtlens::sim::actor
