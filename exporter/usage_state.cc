#include "exporter/usage_state.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/log.h"

namespace virtlens::exporter {
namespace {

using Json = nlohmann::json;

constexpr int kVersion = 1;
constexpr std::array<std::string_view, 4> kPowers = {"absent", "running", "planned", "unplanned"};

Json JsonOf(const Meters& meters) {
  Json object = Json::object();
  for (const MeterInfo& info : kMeters) {
    object[std::string(info.name)] = DecimalText(meters[info.meter], 0);
  }
  return object;
}

Json JsonOf(const CrashCounts& crashes) {
  Json object = Json::object();
  for (std::size_t i = 1; i < crashes.size(); ++i) {
    if (crashes[i] != 0) object[std::string(CrashReasonSet::kValues[i])] = crashes[i];
  }
  return object;
}

Json JsonOf(const ObjectKey& key, const UsageAccount::Record& record) {
  return Json{{"namespace", key.space.text()},
              {"name", key.name},
              {"uid", record.vm_uid},
              {"power", kPowers[static_cast<std::size_t>(record.machine.power)]},
              {"millicores", record.machine.millicores},
              {"memory_bytes", record.machine.memory_bytes},
              {"instance", record.machine.instance},
              {"ended", record.machine.ended},
              {"asked", record.machine.asked},
              {"halted", record.machine.halted},
              {"disk_bytes", record.disk_bytes},
              {"meters", JsonOf(record.totals.meters)},
              {"restarts", record.totals.restarts},
              {"crashes", JsonOf(record.totals.crashes)}};
}

// Reading throws Json::exception or Damage; ParseUsageState turns both into an Error.
struct Damage : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A meter never comes near 2^127: that would be more than 10^18 bytes for 10^12 years.
Uint128 AmountOf(const std::string& digits) {
  constexpr Uint128 kMax = Uint128{1} << 126;
  Uint128 amount = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') throw Damage("a meter is not a number");
    amount = amount * 10 + static_cast<Uint128>(c - '0');
    if (amount > kMax) throw Damage("a meter is too large");
  }
  if (digits.empty()) throw Damage("a meter is empty");
  return amount;
}

std::int64_t NumberOf(const Json& object, const char* name) {
  const Json& value = object.at(name);
  if (!value.is_number_integer()) throw Damage(std::string(name) + " is not a whole number");
  const auto number = value.get<std::int64_t>();
  if (number < 0) throw Damage(std::string(name) + " is negative");
  return number;
}

Meters MetersOf(const Json& object) {
  Meters meters;
  for (const MeterInfo& info : kMeters) {
    meters[info.meter] = AmountOf(object.at(std::string(info.name)).get<std::string>());
  }
  return meters;
}

CrashCounts CrashesOf(const Json& object) {
  CrashCounts crashes{};
  for (const auto& [name, count] : object.items()) {
    const CrashReason reason = CrashReason::From(name);
    if (reason.is_other() || reason.empty()) throw Damage("unknown reason of a crash");
    crashes[reason.index()] = static_cast<std::uint64_t>(NumberOf(object, name.c_str()));
  }
  return crashes;
}

Power PowerOf(const std::string& name) {
  for (std::size_t i = 0; i < kPowers.size(); ++i) {
    if (kPowers[i] == name) return static_cast<Power>(i);
  }
  throw Damage("unknown power");
}

std::pair<ObjectKey, UsageAccount::Record> RecordOf(const Json& object) {
  UsageAccount::Record record;
  record.vm_uid = object.at("uid").get<std::string>();
  record.machine.power = PowerOf(object.at("power").get<std::string>());
  record.machine.millicores = NumberOf(object, "millicores");
  record.machine.memory_bytes = NumberOf(object, "memory_bytes");
  record.machine.instance = object.at("instance").get<std::string>();
  record.machine.ended = object.at("ended").get<bool>();
  record.machine.asked = object.at("asked").get<bool>();
  record.machine.halted = object.at("halted").get<bool>();
  record.disk_bytes = NumberOf(object, "disk_bytes");
  record.totals.meters = MetersOf(object.at("meters"));
  record.totals.restarts = static_cast<std::uint64_t>(NumberOf(object, "restarts"));
  record.totals.crashes = CrashesOf(object.at("crashes"));
  return {ObjectKey{Symbol(object.at("namespace").get<std::string>()),
                    object.at("name").get<std::string>()},
          std::move(record)};
}

UsageSnapshot SnapshotOf(const Json& root) {
  if (NumberOf(root, "version") != kVersion)
    throw Damage("a version that this release cannot read");
  UsageSnapshot snapshot;
  snapshot.cluster = root.at("cluster").get<std::string>();
  snapshot.at = NumberOf(root, "at");
  for (const Json& vm : root.at("vms")) snapshot.vms.push_back(RecordOf(vm));
  for (const Json& project : root.at("projects")) {
    snapshot.projects.emplace_back(project.at("name").get<std::string>(),
                                   MetersOf(project.at("meters")));
  }
  return snapshot;
}

tl::unexpected<Error> SystemFailure(const std::string& doing, const std::string& path) {
  return Fail(Code::kInternal,
              "state: cannot " + doing + " " + path + ": " + std::system_category().message(errno));
}

// A file descriptor that closes itself.
class Descriptor {
 public:
  Descriptor(const std::string& path, int flags) : fd_(::open(path.c_str(), flags, 0600)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  bool ok() const { return fd_ >= 0; }
  bool Write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }
  bool Sync() const { return ::fsync(fd_) == 0; }

 private:
  int fd_;
};

}  // namespace

std::string UsageStateText(const UsageSnapshot& snapshot) {
  Json vms = Json::array();
  for (const auto& [key, record] : snapshot.vms) vms.push_back(JsonOf(key, record));
  Json projects = Json::array();
  for (const auto& [name, meters] : snapshot.projects) {
    projects.push_back({{"name", name}, {"meters", JsonOf(meters)}});
  }
  return Json{{"version", kVersion},
              {"cluster", snapshot.cluster},
              {"at", snapshot.at},
              {"vms", std::move(vms)},
              {"projects", std::move(projects)}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<UsageSnapshot> ParseUsageState(std::string_view text) {
  if (text.size() > kMaxStateBytes) return Fail(Code::kDecode, "too large");
  try {
    return SnapshotOf(Json::parse(text));
  } catch (const Json::exception& error) {
    return Fail(Code::kDecode, error.what());
  } catch (const Damage& damage) {
    return Fail(Code::kDecode, damage.what());
  }
}

Result<void> SaveUsageState(const std::string& path, const UsageSnapshot& snapshot) {
  const std::string text = UsageStateText(snapshot);
  const std::string beside = path + ".new";
  {
    const Descriptor file(beside, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC);
    if (!file.ok() || !file.Write(text) || !file.Sync()) return SystemFailure("write", beside);
  }
  if (std::rename(beside.c_str(), path.c_str()) != 0) return SystemFailure("replace", path);
  const std::string folder = std::filesystem::absolute(path).parent_path().string();
  const Descriptor directory(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!directory.ok() || !directory.Sync()) return SystemFailure("sync", folder);
  return {};
}

Result<std::optional<UsageSnapshot>> LoadUsageState(const std::string& path,
                                                    const std::string& cluster) {
  std::error_code error;
  const bool exists = std::filesystem::exists(path, error);
  if (!exists && !error) return std::optional<UsageSnapshot>();
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file || !std::filesystem::is_regular_file(path, error)) {
    return Fail(Code::kInvalidArgument, "state: cannot read " + path);
  }
  const auto size = static_cast<std::size_t>(std::max<std::streamoff>(file.tellg(), 0));
  std::string text(std::min(size, kMaxStateBytes + 1), '\0');
  file.seekg(0);
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file) return Fail(Code::kInvalidArgument, "state: cannot read " + path);
  auto snapshot = ParseUsageState(text);
  if (!snapshot) {
    const std::string aside = path + ".damaged";
    std::filesystem::rename(path, aside, error);
    LogError("the state file is damaged; usage is counted anew",
             {{"file", path}, {"set_aside", aside}, {"error", snapshot.error().message}});
    return std::optional<UsageSnapshot>();
  }
  if (!cluster.empty() && !snapshot->cluster.empty() && snapshot->cluster != cluster) {
    return Fail(Code::kInvalidArgument, "state: " + path + " is of cluster \"" + snapshot->cluster +
                                            "\", not \"" + cluster + "\"; give another file");
  }
  return std::optional<UsageSnapshot>(std::move(*snapshot));
}

}  // namespace virtlens::exporter
