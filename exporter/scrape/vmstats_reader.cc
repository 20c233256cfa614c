#include "exporter/scrape/vmstats_reader.h"

#include <array>
#include <cassert>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "exporter/decode/decode.h"
#include "exporter/decode/json_reader.h"
#include "exporter/scrape/component_table.h"
#include "exporter/scrape/sample_sorter.h"

namespace virtlens::exporter {
namespace {

constexpr double kNanoseconds = 1e9;
constexpr double kKibibyte = 1.0 / 1024;
constexpr double kMebibyte = 1.0 / (1024 * 1024);

// A number beside a bool of the same name and "Set", as libvirt's bulk statistics are.
struct Statistic {
  std::string_view field;
  std::string_view row;  // our name of it
  double divisor = 1;    // its units in one of ours
};

constexpr Statistic kCpu[] = {{"Time", "virt_vm_cpu_usage_seconds_total", kNanoseconds},
                              {"User", "virt_vm_cpu_user_usage_seconds_total", kNanoseconds},
                              {"System", "virt_vm_cpu_system_usage_seconds_total", kNanoseconds}};

constexpr Statistic kMemory[] = {{"RSS", "virt_vm_memory_resident_bytes", kKibibyte},
                                 {"Total", "virt_vm_memory_domain_bytes", kKibibyte},
                                 {"ActualBalloon", "virt_vm_memory_balloon_bytes", kKibibyte},
                                 {"Available", "virt_vm_memory_available_bytes", kKibibyte},
                                 {"Usable", "virt_vm_memory_usable_bytes", kKibibyte},
                                 {"Unused", "virt_vm_memory_unused_bytes", kKibibyte},
                                 {"Cached", "virt_vm_memory_cached_bytes", kKibibyte},
                                 {"SwapIn", "virt_vm_memory_swap_in_bytes_total", kKibibyte},
                                 {"SwapOut", "virt_vm_memory_swap_out_bytes_total", kKibibyte},
                                 {"MajorFault", "virt_vm_memory_major_page_faults_total"},
                                 {"MinorFault", "virt_vm_memory_minor_page_faults_total"}};

constexpr Statistic kDirtyRate[] = {
    {"MegabytesPerSecond", "virt_vm_dirty_rate_bytes_per_second", kMebibyte}};

constexpr Statistic kLoad[] = {{"Load1m", "virt_vm_guest_load_1m"},
                               {"Load5m", "virt_vm_guest_load_5m"},
                               {"Load15m", "virt_vm_guest_load_15m"}};

constexpr Statistic kMigration[] = {
    {"DataTotal", "virt_vm_migration_data_bytes"},
    {"DataProcessed", "virt_vm_migration_data_processed_bytes"},
    {"DataRemaining", "virt_vm_migration_data_remaining_bytes"},
    {"MemDirtyRate", "virt_vm_migration_dirty_rate_bytes_per_second"},
    {"MemoryBps", "virt_vm_migration_transfer_rate_bytes_per_second"}};

constexpr Statistic kVcpu[] = {{"Time", "virt_vm_vcpu_seconds_total", kNanoseconds},
                               {"Wait", "virt_vm_vcpu_wait_seconds_total", kNanoseconds},
                               {"Delay", "virt_vm_vcpu_delay_seconds_total", kNanoseconds}};

constexpr Statistic kNet[] = {{"RxBytes", "virt_vm_network_receive_bytes_total"},
                              {"TxBytes", "virt_vm_network_transmit_bytes_total"},
                              {"RxPkts", "virt_vm_network_receive_packets_total"},
                              {"TxPkts", "virt_vm_network_transmit_packets_total"},
                              {"RxErrs", "virt_vm_network_receive_errors_total"},
                              {"TxErrs", "virt_vm_network_transmit_errors_total"},
                              {"RxDrop", "virt_vm_network_receive_drops_total"},
                              {"TxDrop", "virt_vm_network_transmit_drops_total"}};

constexpr Statistic kBlock[] = {{"RdReqs", "virt_vm_disk_reads_total"},
                                {"WrReqs", "virt_vm_disk_writes_total"},
                                {"RdBytes", "virt_vm_disk_read_bytes_total"},
                                {"WrBytes", "virt_vm_disk_write_bytes_total"},
                                {"RdTimes", "virt_vm_disk_read_time_seconds_total", kNanoseconds},
                                {"WrTimes", "virt_vm_disk_write_time_seconds_total", kNanoseconds},
                                {"FlReqs", "virt_vm_disk_flushes_total"},
                                {"FlTimes", "virt_vm_disk_flush_time_seconds_total", kNanoseconds},
                                {"Allocation", "virt_vm_disk_used_bytes"},
                                {"Capacity", "virt_vm_disk_capacity_bytes"}};

// The guest agent's words for its load.
constexpr Statistic kAgentLoad[] = {{"load1m", "virt_vm_guest_load_1m"},
                                    {"load5m", "virt_vm_guest_load_5m"},
                                    {"load15m", "virt_vm_guest_load_15m"}};

constexpr std::size_t kMaxStatistics = 16;
constexpr std::size_t kMaxFailureBytes = 200;

std::uint16_t RowNamed(std::string_view name) {
  const auto rows = ComponentRows();
  std::uint16_t row = 0;
  while (rows[row].name != name) {
    ++row;
    assert(row < rows.size());
  }
  return row;
}

// What one document gave so far.
struct Document {
  TargetSamples samples;
  SampleSorter sorter;
};

// Reads what belongs to one instance.
class Instance {
 public:
  Instance(std::string_view space, std::string_view name, Document& document)
      : space_(space), name_(name), document_(document) {}

  // visit(Node& field) for the fields that are no statistic.
  template <class Visit>
  void Group(json::Node& group, std::span<const Statistic> statistics, Visit&& visit);
  void Group(json::Node& group, std::span<const Statistic> statistics) {
    label_ = nullptr;
    Group(group, statistics, [](json::Node&) {});
  }
  void Vcpus(json::Node& list);
  // Devices go by their alias in the VM's spec, else by libvirt's name.
  void Devices(json::Node& list, std::span<const Statistic> statistics);
  void CpuMap(json::Node& list);
  // virt-launcher measures it apart from DomainStats.
  void DirtyRate(json::Node& mebibytes_per_second);
  // {"return": ...} of the guest agent.
  void AgentLoad(std::string_view answer);
  void AgentFilesystems(std::string_view answer);

 private:
  void Add(std::string_view row, double value) {
    ComponentSample sample{RowNamed(row), {}, value};
    if (label_ != nullptr) sample.labels.push_back(*label_);
    document_.sorter.Add(space_, name_, {}, std::move(sample));
  }
  void AddFilesystem(std::string_view row, const std::vector<std::string>& labels, double value) {
    document_.sorter.Add(space_, name_, {}, ComponentSample{RowNamed(row), labels, value});
  }

  const std::string_view space_;
  const std::string_view name_;
  Document& document_;
  const std::string* label_ = nullptr;  // of the samples that are added, if they have one
};

template <class Visit>
void Instance::Group(json::Node& group, std::span<const Statistic> statistics, Visit&& visit) {
  std::array<std::optional<double>, kMaxStatistics> values;
  std::array<bool, kMaxStatistics> set{};
  group.EachField([&](json::Node& field) {
    const std::string_view name = field.name();
    for (std::size_t i = 0; i < statistics.size(); ++i) {
      if (!name.starts_with(statistics[i].field)) continue;
      const std::string_view rest = name.substr(statistics[i].field.size());
      if (rest.empty()) {
        values[i] = field.Number();
        return;
      }
      if (rest == "Set") {
        field.Read(set[i]);
        return;
      }
    }
    visit(field);
  });
  for (std::size_t i = 0; i < statistics.size(); ++i) {
    if (set[i] && values[i]) Add(statistics[i].row, *values[i] / statistics[i].divisor);
  }
}

void Instance::Vcpus(json::Node& list) {
  std::size_t index = 0;
  list.EachItem([&](json::Node& vcpu) {
    const std::string label = std::to_string(index++);
    label_ = &label;
    Group(vcpu, kVcpu, [](json::Node&) {});
    label_ = nullptr;
  });
}

void Instance::Devices(json::Node& list, std::span<const Statistic> statistics) {
  list.EachItem([&](json::Node& device) {
    std::string name, alias, label;
    // The label is read with the statistics, which are added when all is read.
    Instance of_device(space_, name_, document_);
    of_device.label_ = &label;
    of_device.Group(device, statistics, [&](json::Node& field) {
      if (field.name() == "Name") field.Read(name);
      if (field.name() == "Alias") field.Read(alias);
      label = alias.empty() ? name : alias;
    });
  });
}

// Pairs of a virtual CPU and a CPU of the node that it may run on.
void Instance::CpuMap(json::Node& list) {
  double pairs = 0;
  list.EachItem([&](json::Node& vcpu) {
    vcpu.EachItem([&](json::Node& cpu) {
      bool may_run = false;
      cpu.Read(may_run);
      pairs += may_run ? 1 : 0;
    });
  });
  if (pairs > 0) Add("virt_vm_node_cpu_affinity", pairs);
}

void Instance::DirtyRate(json::Node& mebibytes_per_second) {
  if (const auto rate = mebibytes_per_second.Number()) {
    Add(kDirtyRate[0].row, *rate / kDirtyRate[0].divisor);
  }
}

// Of an agent's answer; empty when it is no answer.
template <class Value, class Visit>
Value AgentAnswer(std::string_view answer, Visit&& visit) {
  json::Parser parser;
  const PaddedObject padded(answer);
  auto value = parser.Read<Value>(padded.view(), [&](json::Node& root, Value& to) {
    root.EachField([&](json::Node& field) {
      if (field.name() == "return") visit(field, to);
    });
  });
  return value ? std::move(*value) : Value();
}

void Instance::AgentLoad(std::string_view answer) {
  using Loads = std::array<std::optional<double>, std::size(kAgentLoad)>;
  const auto loads = AgentAnswer<Loads>(answer, [](json::Node& load, Loads& to) {
    load.EachField([&](json::Node& field) {
      for (std::size_t i = 0; i < to.size(); ++i) {
        if (field.name() == kAgentLoad[i].field) to[i] = field.Number();
      }
    });
  });
  for (std::size_t i = 0; i < loads.size(); ++i) {
    if (loads[i]) Add(kAgentLoad[i].row, *loads[i]);
  }
}

struct Filesystem {
  std::string name, mount_point, type;
  std::optional<double> used, total;
};

void ReadFilesystem(json::Node& item, Filesystem& to) {
  item.EachField([&](json::Node& field) {
    if (field.name() == "name") field.Read(to.name);
    if (field.name() == "mountpoint") field.Read(to.mount_point);
    if (field.name() == "type") field.Read(to.type);
    if (field.name() == "used-bytes") to.used = field.Number();
    if (field.name() == "total-bytes") to.total = field.Number();
  });
}

void Instance::AgentFilesystems(std::string_view answer) {
  using Filesystems = std::vector<Filesystem>;
  const auto filesystems = AgentAnswer<Filesystems>(
      answer, [](json::Node& list, Filesystems& to) { list.List(to, ReadFilesystem); });
  for (const Filesystem& one : filesystems) {
    const std::vector<std::string> labels = {one.name, one.mount_point, one.type};
    if (one.total) AddFilesystem("virt_vm_filesystem_capacity_bytes", labels, *one.total);
    if (one.used) AddFilesystem("virt_vm_filesystem_used_bytes", labels, *one.used);
  }
}

void ReadDomain(json::Node& domain, Instance& instance) {
  domain.EachField([&](json::Node& group) {
    const std::string_view name = group.name();
    if (name == "Cpu") {
      instance.Group(group, kCpu);
    } else if (name == "Memory") {
      instance.Group(group, kMemory);
    } else if (name == "MigrateDomainJobInfo") {
      instance.Group(group, kMigration);
    } else if (name == "DirtyRate") {
      instance.Group(group, kDirtyRate);
    } else if (name == "Load") {
      instance.Group(group, kLoad);
    } else if (name == "Vcpu") {
      instance.Vcpus(group);
    } else if (name == "Net") {
      instance.Devices(group, kNet);
    } else if (name == "Block") {
      instance.Devices(group, kBlock);
    } else if (name == "CPUMap") {
      instance.CpuMap(group);
    }
  });
}

void ReadStatistics(json::Node& part, Instance& instance) {
  const std::string_view name = part.name();
  if (name == "DomainStats") {
    ReadDomain(part, instance);
  } else if (name == "DirtyRateMbps") {
    instance.DirtyRate(part);
  } else if (name == "GuestGetLoad") {
    if (const auto answer = part.Text()) instance.AgentLoad(*answer);
  } else if (name == "GuestGetFsInfo") {
    if (const auto answer = part.Text()) instance.AgentFilesystems(*answer);
  }
}

void ReadInstance(json::Node& result, Document& document) {
  const std::string_view key = result.name();
  const std::size_t slash = key.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == key.size()) {
    ++document.samples.skipped_lines;
    return;
  }
  Instance instance(key.substr(0, slash), key.substr(slash + 1), document);
  bool read = false;
  std::string failure;
  result.EachField([&](json::Node& part) {
    if (part.name() == "error") part.Read(failure);
    if (part.name() != "stats" || part.IsNull()) return;
    read = true;
    part.EachField([&](json::Node& stats) { ReadStatistics(stats, instance); });
  });
  if (read) return;
  if (document.samples.failed_subjects++ > 0) return;
  const std::string text = std::string(key) + ": " + failure;
  document.samples.failure = RepairUtf8(text.substr(0, kMaxFailureBytes));
}

}  // namespace

Result<TargetSamples> ReadVmStats(std::string_view json) {
  json::Parser parser;
  const PaddedObject padded(json);
  auto document = parser.Read<Document>(padded.view(), [](json::Node& root, Document& to) {
    root.EachField([&](json::Node& result) { ReadInstance(result, to); });
  });
  if (!document) return Fail(document.error());
  document->sorter.Finish(document->samples);
  document->samples.repaired_labels = parser.repaired();
  return std::move(document->samples);
}

}  // namespace virtlens::exporter
