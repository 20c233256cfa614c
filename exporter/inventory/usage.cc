#include "exporter/inventory/usage.h"

#include <functional>
#include <numeric>

namespace virtlens::exporter {
namespace {

Uint128 Product(std::int64_t amount, Micros micros) {
  return static_cast<Uint128>(std::max<std::int64_t>(amount, 0)) * static_cast<Uint128>(micros);
}

constexpr std::pair<PrintableStatus, std::string_view> kGroups[] = {
    {PrintableStatus::Of("Running"), "running"},
    {PrintableStatus::Of("Paused"), "paused"},
    {PrintableStatus::Of("Migrating"), "migrating"},
    {PrintableStatus::Of("Starting"), "starting"},
    {PrintableStatus::Of("Provisioning"), "starting"},
    {PrintableStatus::Of("WaitingForVolumeBinding"), "starting"},
    {PrintableStatus::Of("WaitingForReceiver"), "starting"},
    {PrintableStatus::Of("Stopping"), "stopping"},
    {PrintableStatus::Of("Terminating"), "stopping"},
    {PrintableStatus::Of("Stopped"), "stopped"},
    {PrintableStatus::Of("CrashLoopBackOff"), "error"},
    {PrintableStatus::Of("ErrorUnschedulable"), "error"},
    {PrintableStatus::Of("ErrImagePull"), "error"},
    {PrintableStatus::Of("ImagePullBackOff"), "error"},
    {PrintableStatus::Of("ErrorPvcNotFound"), "error"},
    {PrintableStatus::Of("DataVolumeError"), "error"}};

constexpr std::pair<VmiPhase, std::string_view> kInstanceGroups[] = {
    {VmiPhase::Of("Running"), "running"},        {VmiPhase::Of("Pending"), "starting"},
    {VmiPhase::Of("Scheduling"), "starting"},    {VmiPhase::Of("Scheduled"), "starting"},
    {VmiPhase::Of("Succeeded"), "stopped"},      {VmiPhase::Of("Failed"), "error"},
    {VmiPhase::Of("WaitingForSync"), "starting"}};

template <class Table, class Key>
std::size_t GroupIn(const Table& table, Key key) {
  std::string_view group = "unknown";
  for (const auto& [listed, name] : table) {
    if (listed.Is(key)) group = name;
  }
  return static_cast<std::size_t>(std::find(kVmGroups.begin(), kVmGroups.end(), group) -
                                  kVmGroups.begin());
}

// Applies `operation` to each number of the two.
template <class Operation>
void Combine(ProjectSums& to, const ProjectSums& other, Operation operation) {
  for (std::size_t i = 0; i < to.vms.size(); ++i) to.vms[i] = operation(to.vms[i], other.vms[i]);
  for (const auto member :
       {&ProjectSums::allocated_millicores, &ProjectSums::running_millicores,
        &ProjectSums::allocated_memory, &ProjectSums::running_memory, &ProjectSums::disk}) {
    to.*member = operation(to.*member, other.*member);
  }
}

}  // namespace

std::string DecimalText(Uint128 amount, int decimals) {
  std::string digits;  // reversed
  bool fraction = false;
  for (int place = 0; amount != 0 || place <= decimals; ++place, amount /= 10) {
    if (place == decimals && fraction) digits += '.';
    const auto digit = static_cast<char>('0' + static_cast<int>(amount % 10));
    if (place >= decimals || digit != '0' || fraction) digits += digit;
    fraction = fraction || (place < decimals && digit != '0');
  }
  std::reverse(digits.begin(), digits.end());
  return digits;
}

Meters& Meters::operator+=(const Meters& other) {
  for (std::size_t i = 0; i < amounts_.size(); ++i) amounts_[i] += other.amounts_[i];
  return *this;
}

UsageAccount::UsageAccount(Micros start, Record record)
    : vm_uid(std::move(record.vm_uid)),
      start_(start),
      machine_(start, std::move(record.machine)),
      disk_(start, record.disk_bytes),
      totals_(record.totals) {}

Meters UsageAccount::SettleTo(Micros until) {
  Meters added;
  machine_.SettleTo(until, [&](const MachineState& state, Micros micros) {
    if (state.power == Power::kRunning) {
      added[Meter::kRunning] += static_cast<Uint128>(micros);
      added[Meter::kCores] += Product(state.millicores, micros);
      added[Meter::kMemory] += Product(state.memory_bytes, micros);
    } else if (state.power == Power::kDownPlanned) {
      added[Meter::kPlannedDowntime] += static_cast<Uint128>(micros);
    } else if (state.power == Power::kDownUnplanned) {
      added[Meter::kUnplannedDowntime] += static_cast<Uint128>(micros);
    }
  });
  disk_.SettleTo(until, [&](std::int64_t bytes, Micros micros) {
    added[Meter::kDisk] += Product(bytes, micros);
  });
  std::erase_if(events_, [&](const Event& event) {
    if (event.at > until) return false;
    ++(event.crash.empty() ? totals_.restarts : totals_.crashes[event.crash.index()]);
    return true;
  });
  totals_.meters += added;
  return added;
}

std::size_t VmGroupOf(PrintableStatus status) { return GroupIn(kGroups, status); }
std::size_t VmGroupOf(VmiPhase phase) { return GroupIn(kInstanceGroups, phase); }

ProjectSums& ProjectSums::operator+=(const ProjectSums& other) {
  Combine(*this, other, std::plus<>());
  return *this;
}

ProjectSums& ProjectSums::operator-=(const ProjectSums& other) {
  Combine(*this, other, std::minus<>());
  return *this;
}

std::int64_t ProjectSums::vm_count() const {
  return std::accumulate(vms.begin(), vms.end(), std::int64_t{0});
}

}  // namespace virtlens::exporter
