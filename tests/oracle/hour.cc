#include "tests/oracle/hour.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "base/fake_clock.h"
#include "base/random.h"
#include "sim/actor/migration.h"
#include "sim/actor/virt_controller.h"
#include "tests/oracle/feed.h"
#include "tests/oracle/simulated_cluster.h"

namespace virtlens::oracle {
namespace {

using sim::actor::Kind;
using sim::actor::ObjectKey;
using sim::actor::Verb;

constexpr Duration kBefore{120'000};  // the cluster's life before the exporter's
constexpr Duration kHour{3'600'000};
constexpr Duration kGrace{5'000};  // then the hour's end is summed up
constexpr std::size_t kActs = 1'000;
constexpr std::uint64_t kVms = 40;
constexpr std::array<const char*, 4> kProjects = {"web", "db", "lab", "attic"};
// Usage counts at multiples of 15 s, and so does the hour.
const WallTime start{std::chrono::seconds(1'700'000'010)};

ObjectKey VmKey(std::uint64_t index) {
  return {Kind::kVm, kProjects[index % kProjects.size()], "vm" + std::to_string(index)};
}
ObjectKey InstanceOf(const ObjectKey& vm) { return {Kind::kVmi, vm.space, vm.name}; }
ObjectKey DiskOf(const ObjectKey& vm) { return {Kind::kClaim, vm.space, vm.name + "-root"}; }

class Hour {
 public:
  Hour(std::uint64_t seed, std::ostream& out)
      : clock_(start - kBefore),
        random_(seed),
        feed_(clock_, out),
        cluster_(clock_, seed,
                 [this](Kind kind, const sim::StoreEvent& event) { Tell(kind, event); }) {}

  void Play() {
    Populate();
    cluster_.RunUntil(kBefore);
    StartExporter();
    std::vector<Duration> instants;
    for (std::size_t i = 0; i < kActs; ++i) {
      instants.push_back(kBefore + Duration(random_.Below(kHour.count())));
    }
    std::sort(instants.begin(), instants.end());
    auto next = instants.begin();
    for (Duration second = kBefore; second < kBefore + kHour + kGrace;) {
      second += std::chrono::seconds(1);
      for (; next != instants.end() && *next < second; ++next) {
        cluster_.RunUntil(*next);
        while (!TryToAct()) {
        }
      }
      cluster_.RunUntil(second);
      feed_.Save();
    }
    feed_.Page();
  }

 private:
  // ---- the exporter ----

  void Tell(Kind kind, const sim::StoreEvent& event) {
    const std::string& name = sim::actor::DefaultType(kind).kind;
    const ObjectName key{event.object->space, event.object->name};
    auto& objects = objects_[name];
    const bool deleted = event.type == sim::StoreEvent::Type::kDeleted;
    if (deleted) {
      objects.erase(key);
    } else {
      objects[key] = Json::parse(event.object->json);
    }
    if (!told_ || kind == Kind::kPod) return;
    deleted ? feed_.Delete(name, key) : feed_.Put(objects[key]);
  }

  void StartExporter() {
    feed_.Restart();
    for (const std::string& kind : feed_.Kinds()) feed_.List(kind, objects_[kind]);
    feed_.SetWatch(exporter::UsageWatch::kCurrent);
    told_ = true;
  }

  // ---- the cluster ----

  std::string AnyMemory() { return std::to_string(1 + random_.Below(16)) + "Gi"; }
  std::string AnyDisk() { return std::to_string(10 + random_.Below(90)) + "Gi"; }

  void Populate() {
    for (const char* const project : kProjects) {
      Json body{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", project}}}};
      if (project != std::string("attic")) {
        body["metadata"]["labels"]["kubesphere.io/workspace"] = project[0] == 'w' ? "shop" : "ops";
      }
      cluster_.Do({Verb::kCreate, {Kind::kNamespace, "", project}, body});
    }
    for (std::uint64_t index = 0; index < kVms; ++index) {
      const ObjectKey vm = VmKey(index);
      cluster_.Do({Verb::kCreate, DiskOf(vm), NewDisk(DiskOf(vm))});
      cluster_.Do({Verb::kCreate, vm, NewVm(vm)});
    }
  }

  Json NewDisk(const ObjectKey& key) {
    return {{"apiVersion", "v1"},
            {"kind", "PersistentVolumeClaim"},
            {"metadata", {{"name", key.name}, {"namespace", key.space}}},
            {"spec",
             {{"accessModes", {"ReadWriteMany"}},
              {"volumeName", "pv-" + key.name},
              {"resources", {{"requests", {{"storage", AnyDisk()}}}}}}}};
  }

  Json NewVm(const ObjectKey& key) {
    const Json domain = {{"cpu", {{"sockets", 1 + random_.Below(8)}, {"cores", 1}, {"threads", 1}}},
                         {"memory", {{"guest", AnyMemory()}}}};
    const Json volume = {{"name", "root"},
                         {"persistentVolumeClaim", {{"claimName", DiskOf(key).name}}}};
    return {{"apiVersion", "kubevirt.io/v1"},
            {"kind", "VirtualMachine"},
            {"metadata", {{"name", key.name}, {"namespace", key.space}}},
            {"spec",
             {{"runStrategy", random_.Below(2) == 0 ? "Always" : "Halted"},
              {"template", {{"spec", {{"domain", domain}, {"volumes", {volume}}}}}}}}};
  }

  // ---- acts ----

  // False: what the dice want is not possible now.
  bool TryToAct() {
    const ObjectKey vm = VmKey(random_.Below(kVms));
    const std::uint64_t dice = random_.Below(100);
    const char* act = nullptr;
    if (dice < 45) {
      act = StartOrStop(vm);
    } else if (dice < 65) {
      act = Resize(vm);
    } else if (dice < 75) {
      act = ResizeDisk(vm);
    } else {
      act = Migrate(vm);
    }
    if (act == nullptr) return false;
    feed_.Log({{"op", "act"}, {"act", act}, {"namespace", vm.space}, {"name", vm.name}});
    return true;
  }

  const char* StartOrStop(const ObjectKey& vm) {
    const bool start_it = sim::actor::RunStrategy(cluster_.Get(vm)) == "Halted";
    const Json strategy = {{"runStrategy", start_it ? "Always" : "Halted"}};
    if (!cluster_.Do({Verb::kMerge, vm, {{"spec", strategy}}})) return nullptr;
    return start_it ? "start" : "stop";
  }

  bool Runs(const Json& instance) {
    return sim::actor::Text(instance, "status/phase") == "Running" &&
           !sim::actor::Deleting(instance);
  }

  // A running guest gets its share at once, as by hot plug.
  const char* Resize(const ObjectKey& vm) {
    const Json cpu = {{"sockets", 1 + random_.Below(8)}, {"cores", 1}, {"threads", 1}};
    const std::string memory = AnyMemory();
    const Json spec = {{"domain", {{"cpu", cpu}, {"memory", {{"guest", memory}}}}}};
    if (!cluster_.Do({Verb::kMerge, vm, {{"spec", {{"template", {{"spec", spec}}}}}}})) {
      return nullptr;
    }
    if (!Runs(cluster_.Get(InstanceOf(vm)))) return "resize";
    const Json status = {{"currentCPUTopology", cpu}, {"memory", {{"guestCurrent", memory}}}};
    const Json both = {{"spec", spec}, {"status", status}};
    return cluster_.Do({Verb::kMerge, InstanceOf(vm), both}) ? "resize" : nullptr;
  }

  const char* ResizeDisk(const ObjectKey& vm) {
    const Json size = {{"storage", AnyDisk()}};
    const Json spec = {{"spec", {{"resources", {{"requests", size}}}}}};
    if (!cluster_.Do({Verb::kMerge, DiskOf(vm), spec}) ||
        !cluster_.Do({Verb::kMergeStatus, DiskOf(vm), {{"status", {{"capacity", size}}}}})) {
      return nullptr;
    }
    return "resize_disk";
  }

  const char* Migrate(const ObjectKey& vm) {
    const Json instance = cluster_.Get(InstanceOf(vm));
    if (!Runs(instance) || sim::actor::IsMigrating(instance)) return nullptr;
    const ObjectKey key{Kind::kMigration, vm.space,
                        vm.name + "-move-" + std::to_string(++migrations_)};
    Json metadata = {{"name", key.name}, {"namespace", key.space}};
    if (random_.Below(8) == 0) {
      metadata["annotations"][std::string(sim::actor::kBehaviorAnnotation)] =
          sim::actor::BehaviorName(sim::actor::Behavior::kMigrateFail);
    }
    const Json body = {{"apiVersion", "kubevirt.io/v1"},
                       {"kind", "VirtualMachineInstanceMigration"},
                       {"metadata", metadata},
                       {"spec", {{"vmiName", vm.name}}}};
    return cluster_.Do({Verb::kCreate, key, body}) ? "migrate" : nullptr;
  }

  FakeClock clock_;
  Random random_;
  std::map<std::string, std::map<ObjectName, Json>> objects_;  // by kind
  bool told_ = false;
  Feed feed_;
  SimulatedCluster cluster_;
  int migrations_ = 0;
};

}  // namespace

void PlayHour(std::uint64_t seed, std::ostream& out) { Hour(seed, out).Play(); }

}  // namespace virtlens::oracle
