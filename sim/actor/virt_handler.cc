#include "sim/actor/virt_handler.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/actor/migration.h"

namespace virtlens::sim::actor {
namespace {

struct GuestSystem {
  std::string_view id, name, pretty, version, kernel;
};

constexpr std::array<GuestSystem, 4> kGuests = {{
    {"fedora", "Fedora Linux", "Fedora Linux 43 (Cloud Edition)", "43", "6.17.4-300.fc43.x86_64"},
    {"debian", "Debian GNU/Linux", "Debian GNU/Linux 13 (trixie)", "13", "6.12.48+deb13-amd64"},
    {"ubuntu", "Ubuntu", "Ubuntu 24.04.3 LTS", "24.04", "6.8.0-85-generic"},
    {"mswindows", "Microsoft Windows", "Windows Server 2022 Standard", "2022", "20348"},
}};

const GuestSystem& GuestOf(const Json& vmi) {
  const std::string wanted = Annotation(vmi, "vm.kubevirt.io/os");
  for (const GuestSystem& guest : kGuests) {
    if (!wanted.empty() && wanted.starts_with(guest.id.substr(0, 6))) return guest;
  }
  return kGuests[HashText(Name(vmi)) % 3];
}

std::string MacOf(const Json& vmi, std::string_view interface) {
  const std::uint64_t hash = HashText(fmt::format("{}/{}/{}", Space(vmi), Name(vmi), interface));
  return fmt::format("02:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", hash & 255U, (hash >> 8U) & 255U,
                     (hash >> 16U) & 255U, (hash >> 24U) & 255U, (hash >> 32U) & 255U);
}

std::string IpOf(const Json& vmi, std::string_view interface) {
  const std::uint64_t hash = HashText(fmt::format("{}/{}", Uid(vmi), interface), 7);
  return fmt::format("10.{}.{}.{}", hash & 127U, (hash >> 8U) & 255U, 1 + (hash >> 16U) % 254U);
}

Json Interfaces(const Json& vmi) {
  Json all = Json::array();
  const Json* specs = Find(vmi, "spec/domain/devices/interfaces");
  if (specs == nullptr) return all;
  for (const Json& spec : *specs) {
    const std::string name = Text(spec, "name");
    const std::string mac = Text(spec, "macAddress");
    all.push_back({{"name", name},
                   {"mac", mac.empty() ? MacOf(vmi, name) : mac},
                   {"ipAddress", IpOf(vmi, name)},
                   {"ipAddresses", Json::array({IpOf(vmi, name)})},
                   {"infoSource", "domain"},
                   {"podInterfaceName", fmt::format("eth{}", all.size())},
                   {"queueCount", 1}});
  }
  return all;
}

// Keeps what virt-controller wrote of the claims and adds what the domain knows.
Json Volumes(const Json& vmi) {
  Json all = Json::array();
  const Json* volumes = Find(vmi, "spec/volumes");
  if (volumes == nullptr) return all;
  const std::vector<std::string> targets = DriveTargets(vmi);
  for (std::size_t i = 0; i < volumes->size(); ++i) {
    const Json& volume = (*volumes)[i];
    Json status = {{"name", Text(volume, "name")}};
    if (const Json* old = Find(vmi, "status/volumeStatus")) {
      for (const Json& one : *old) {
        if (Text(one, "name") == Text(volume, "name")) status = one;
      }
    }
    status["target"] = targets[i];
    if (volume.contains("cloudInitNoCloud")) status["size"] = 1048576;
    all.push_back(std::move(status));
  }
  return all;
}

// As checkVolumesForMigration: every claim must be shared.
bool DisksAreShared(const Json& vmi) {
  const Json* all = Find(vmi, "status/volumeStatus");
  if (all == nullptr) return true;
  return std::all_of(all->begin(), all->end(), [](const Json& one) {
    const Json* modes = Find(one, "persistentVolumeClaimInfo/accessModes");
    return modes == nullptr ||
           std::find(modes->begin(), modes->end(), "ReadWriteMany") != modes->end();
  });
}

void SetMigratable(Json& vmi, WallTime now) {
  const bool shared = DisksAreShared(vmi);
  vmi["status"]["migrationMethod"] = shared ? "LiveMigration" : "BlockMigration";
  SetCondition(
      vmi,
      {.type = "LiveMigratable",
       .status = shared ? "True" : "False",
       .reason = shared ? "" : "DisksNotLiveMigratable",
       .message = shared ? ""
                         : "cannot migrate VMI: PVC is not shared, live migration requires "
                           "that all PVCs must be shared (using ReadWriteMany access mode)",
       .transition_time = false},
      now);
  SetCondition(vmi, {.type = "StorageLiveMigratable", .transition_time = false}, now);
}

void SetTopology(Json& vmi) {
  Json& status = vmi["status"];
  status["currentCPUTopology"] = {{"cores", Number(vmi, "spec/domain/cpu/cores", 1)},
                                  {"sockets", Number(vmi, "spec/domain/cpu/sockets", 1)},
                                  {"threads", Number(vmi, "spec/domain/cpu/threads", 1)}};
  std::string memory = Text(vmi, "spec/domain/memory/guest");
  if (memory.empty()) memory = Text(vmi, "spec/domain/resources/requests/memory");
  if (memory.empty()) return;
  status["memory"] = {
      {"guestAtBoot", memory}, {"guestCurrent", memory}, {"guestRequested", memory}};
}

std::optional<Duration> StepScheduled(Json& vmi, const VmiContext& context, const Pace& pace,
                                      WallTime now) {
  const WallTime since = PhaseSince(vmi, "Scheduled").value_or(now);
  if (Deleting(vmi)) {
    SetPhase(vmi, "Failed", now);
    return std::nullopt;
  }
  if (context.behavior == Behavior::kStartHang) return std::nullopt;
  const Duration boot = pace.Delay("boot", Uid(vmi), Duration(1000), Duration(4000));
  if (const auto left = Remaining(since, boot, now)) return left;
  if (context.behavior == Behavior::kCrash) {
    SetPhase(vmi, "Failed", now);
    return std::nullopt;
  }
  SetPhase(vmi, "Running", now);
  DescribeGuest(vmi, now);
  return Duration(0);
}

// The agent appears a while after the guest runs, and is never refreshed. When it goes, the
// condition is removed, and guestOSInfo stays: which is also how we know that it has been there.
std::optional<Duration> StepAgent(Json& vmi, const VmiContext& context, const Pace& pace,
                                  WallTime now) {
  if (Annotation(vmi, "sim.virtlens.io/agent") == "none") return std::nullopt;
  const bool lost = context.behavior == Behavior::kAgentLost;
  if (const Json* connected = FindCondition(vmi, "AgentConnected")) {
    if (!lost) return std::nullopt;
    const WallTime seen = Instant(*connected, "lastProbeTime").value_or(now);
    const Duration stay = pace.Delay("agent-lost", Uid(vmi), Duration(4000), Duration(8000));
    if (const auto left = Remaining(seen, stay, now)) return left;
    RemoveCondition(vmi, "AgentConnected");
    return std::nullopt;
  }
  const bool was_there = Find(vmi, "status/guestOSInfo/id") != nullptr;
  if (lost && was_there) return std::nullopt;
  const WallTime since = PhaseSince(vmi, "Running").value_or(now);
  const Duration delay = pace.Delay("agent", Uid(vmi), Duration(3000), Duration(9000));
  if (const auto left = Remaining(since, delay, now)) return left;
  SetCondition(vmi, {.type = "AgentConnected", .transition_time = false}, now);
  const GuestSystem& guest = GuestOf(vmi);
  vmi["status"]["guestOSInfo"] = {{"id", guest.id},
                                  {"name", guest.name},
                                  {"prettyName", guest.pretty},
                                  {"version", guest.version},
                                  {"versionId", guest.version},
                                  {"kernelRelease", guest.kernel},
                                  {"kernelVersion", "#1 SMP"},
                                  {"machine", "x86_64"}};
  Json& interfaces = vmi["status"]["interfaces"];
  for (std::size_t i = 0; i < interfaces.size(); ++i) {
    interfaces[i]["interfaceName"] = fmt::format("eth{}", i);
    interfaces[i]["infoSource"] = "domain, guest-agent";
  }
  if (lost) return Duration(0);
  return std::nullopt;
}

void StepPause(Json& vmi, const VmiContext& context, WallTime now) {
  const Json* paused = FindCondition(vmi, "Paused");
  const std::string reason = paused != nullptr ? Text(*paused, "reason") : "";
  if (context.behavior == Behavior::kIoError) {
    SetCondition(vmi,
                 {.type = "Paused",
                  .reason = "PausedIOError",
                  .message = "VMI was paused, low-level IO error detected"},
                 now);
  } else if (reason == "PausedIOError" || context.command == PauseCommand::kUnpause) {
    RemoveCondition(vmi, "Paused");
  } else if (context.command == PauseCommand::kPause) {
    SetCondition(vmi,
                 {.type = "Paused", .reason = "PausedByUser", .message = "VMI was paused by user"},
                 now);
  }
}

std::optional<Duration> StepRunning(Json& vmi, const VmiContext& context, const Pace& pace,
                                    WallTime now) {
  Decision timer;
  if (Deleting(vmi)) {
    // A custom resource has no grace period: deletionTimestamp is when it was asked for.
    const WallTime asked = Instant(vmi, "metadata/deletionTimestamp").value_or(now);
    const Duration work = pace.Delay("shutdown", Uid(vmi), Duration(1500), Duration(5000));
    if (const auto left = Remaining(asked, work, now)) return left;
    SetPhase(vmi, "Succeeded", now);
    return std::nullopt;
  }
  if (context.behavior == Behavior::kCrash) {
    SetPhase(vmi, "Failed", now);
    return std::nullopt;
  }
  StepPause(vmi, context, now);
  if (const auto again = StepAgent(vmi, context, pace, now)) timer.Again(*again);
  const Behavior migration =
      context.migration_behavior != Behavior::kNone ? context.migration_behavior : context.behavior;
  if (const auto again = StepMigration(vmi, migration, pace, now)) timer.Again(*again);
  return timer.again;
}

}  // namespace

bool OwnedByHandler(const Json& vmi) {
  const std::string phase = Text(vmi, "status/phase");
  return (phase == "Scheduled" || phase == "Running") && !Text(vmi, "status/nodeName").empty();
}

std::optional<Duration> AdvanceGuest(Json& vmi, const VmiContext& context, const Pace& pace,
                                     WallTime now) {
  if (!OwnedByHandler(vmi)) return std::nullopt;
  return Text(vmi, "status/phase") == "Scheduled" ? StepScheduled(vmi, context, pace, now)
                                                  : StepRunning(vmi, context, pace, now);
}

void DescribeGuest(Json& vmi, WallTime now) {
  const std::string machine = Text(vmi, "spec/domain/machine/type");
  vmi["status"]["interfaces"] = Interfaces(vmi);
  vmi["status"]["volumeStatus"] = Volumes(vmi);
  vmi["status"]["machine"] = {
      {"type", machine.empty() || machine == "q35" ? "pc-q35-rhel9.6.0" : machine}};
  vmi["status"]["selinuxContext"] = "none";
  vmi["status"]["migrationTransport"] = "Unix";
  vmi["status"]["guestOSInfo"] = Json::object();
  SetTopology(vmi);
  SetMigratable(vmi, now);
}

std::vector<std::string> DriveTargets(const Json& vmi) {
  std::vector<std::string> targets;
  const Json* volumes = Find(vmi, "spec/volumes");
  if (volumes == nullptr) return targets;
  for (std::size_t i = 0; i < volumes->size(); ++i) {
    targets.push_back(fmt::format("vd{}", static_cast<char>('a' + i % 26)));
  }
  return targets;
}

}  // namespace virtlens::sim::actor
