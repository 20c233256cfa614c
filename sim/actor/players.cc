#include "sim/actor/players.h"

#include <algorithm>

#include "base/time.h"
#include "sim/actor/cdi.h"
#include "sim/actor/importer.h"
#include "sim/actor/migration.h"

namespace virtlens::sim::actor {
namespace {

bool ImportBehavior(Behavior behavior) {
  return behavior == Behavior::kImportFail || behavior == Behavior::kImportStall;
}

// A launcher that is no longer the guest's: it moved away, or never arrived.
bool Superseded(const Json& pod, const Json& vmi) {
  const Json* state = Find(vmi, "status/migrationState");
  if (state == nullptr || Find(*state, "endTimestamp") == nullptr) return false;
  if (Flag(*state, "failed")) return Text(*state, "targetPod") == Name(pod);
  return Flag(*state, "completed") && Text(pod, "spec/nodeName") != Text(vmi, "status/nodeName");
}

bool MigrationEnded(const Json& vmi) {
  return Flag(vmi, "status/migrationState/completed") || Flag(vmi, "status/migrationState/failed");
}

}  // namespace

Players::Players(PlayersOptions options, Store& store, WorkQueue& queue, HandlerMetrics& metrics)
    : options_(options), store_(store), queue_(queue), metrics_(metrics) {
  for (int i = 0; i < options_.nodes; ++i) nodes_.push_back(NodeName(i));
}

Decision Players::Decide(const ObjectKey& key, WallTime now) {
  if (const auto wait = store_.Expected(key)) return {{}, *wait};
  if (key.kind == Kind::kNode) return DecideNode(key, now);
  if (key.kind == Kind::kVmi) return DecideInstance(key, now);
  const auto object = store_.Get(key);
  if (!object) return {};
  switch (key.kind) {
    case Kind::kPod:
      return DecidePodOf(*object, now);
    case Kind::kVm:
      return DecideMachine(*object, now);
    case Kind::kMigration:
      return platform() ? DecideMigrationOf(*object, now) : Decision{};
    case Kind::kClaim:
      return DecideClaimOf(*object, now);
    case Kind::kVolume:
      return DecideVolume(*object);
    case Kind::kDataVolume:
      return platform() ? DecideVolumeOf(*object, now) : Decision{};
    default:
      return {};
  }
}

std::vector<ObjectKey> Players::Concerns(const ObjectMeta& meta) const {
  std::vector<ObjectKey> keys = {meta.key};
  if (meta.key.kind == Kind::kMigration) {
    keys.push_back({Kind::kVmi, meta.key.space, meta.vmi_name});
  }
  if (meta.key.kind == Kind::kVm && !platform()) {
    keys.push_back({Kind::kVmi, meta.key.space, meta.key.name});  // it may carry a fault
  }
  if (!platform()) return keys;
  for (const std::string& owner : meta.owners) {
    if (const auto found = store_.ByUid(owner)) keys.push_back(*found);
  }
  return keys;
}

void Players::Command(const ObjectKey& vmi, PauseCommand command) {
  {
    const std::lock_guard lock(mutex_);
    commands_.insert_or_assign(vmi, command);
  }
  queue_.Add(vmi);
}

Decision Players::DecideNode(const ObjectKey& key, WallTime now) {
  Decision decision;
  if (std::find(nodes_.begin(), nodes_.end(), key.name) == nodes_.end()) return decision;
  const auto node = store_.Get(key);
  if (!node) {
    decision.writes.push_back({Verb::kCreate, key, MakeNode(key.name)});
    return decision;
  }
  SetLost(key, key.name, BehaviorOf(*node) == Behavior::kNodeLost);
  const bool alive = !Lost(key.name);
  const auto last = ParseRfc3339(Annotation(*node, "kubevirt.io/heartbeat"));
  if (!alive) {
    if (ConditionIs(*node, "Ready", "True")) {
      decision.writes.push_back({Verb::kMergeStatus, key, NodeStatus(key.name, false, now)});
    }
    return decision;
  }
  const bool ready = ConditionIs(*node, "Ready", "True");
  if (last && ready) {
    if (const auto left = Remaining(*last, options_.heartbeat_interval, now)) {
      decision.Again(*left);
      return decision;
    }
  }
  decision.writes.push_back({Verb::kMergeStatus, key, NodeStatus(key.name, true, now)});
  decision.writes.push_back({Verb::kMerge, key, HeartbeatPatch(now)});
  decision.Again(options_.heartbeat_interval);
  return decision;
}

PodContext Players::ContextOfPod(const Json& pod) {
  PodContext context;
  context.nodes = LiveNodes();
  const std::string node = Text(pod, "spec/nodeName");
  const bool known = std::find(nodes_.begin(), nodes_.end(), node) != nodes_.end();
  context.not_ours = Lost(node) || (!node.empty() && !known);
  if (IsDataMover(pod)) context.behavior = BehaviorOfMover(pod);
  const Json* owner = OwnerOfKind(pod, "VirtualMachineInstance");
  if (owner == nullptr) return context;
  const auto vmi = store_.Get({Kind::kVmi, Space(pod), Text(*owner, "name")});
  if (!vmi || Uid(*vmi) != Text(*owner, "uid")) return context;
  context.vmi_phase = Text(*vmi, "status/phase");
  context.superseded = Superseded(pod, *vmi);
  context.guest_stopping = Deleting(*vmi) && OwnedByHandler(*vmi) && !context.superseded;
  if (Text(pod, "spec/nodeName").empty()) {
    for (const Json& other : PodsOf(*vmi)) {
      const std::string phase = Text(other, "status/phase");
      if (phase == "Succeeded" || phase == "Failed" || Name(other) == Name(pod)) continue;
      context.avoided_nodes.insert(Text(other, "spec/nodeName"));
    }
  }
  return context;
}

Decision Players::DecidePodOf(const Json& pod, WallTime now) {
  UseClaims(pod);
  return DecidePod(pod, ContextOfPod(pod), options_.pace, now);
}

InstanceContext Players::ContextOfInstance(const Json& vmi) {
  InstanceContext context;
  context.pods = PodsOf(vmi);
  const std::string phase = Text(vmi, "status/phase");
  const bool early = phase.empty() || phase == "Pending" || phase == "Scheduling";
  const Json* volumes = Find(vmi, "spec/volumes");
  if (early && volumes != nullptr) {
    for (const Json& volume : *volumes) {
      const std::string data_volume = Text(volume, "dataVolume/name");
      const std::string name =
          data_volume.empty() ? Text(volume, "persistentVolumeClaim/claimName") : data_volume;
      if (name.empty()) continue;
      if (const auto found = store_.Get({Kind::kDataVolume, Space(vmi), name})) {
        context.data_volumes[name] = Text(*found, "status/phase");
      }
      if (auto claim = store_.Get({Kind::kClaim, Space(vmi), name})) {
        context.claims[name] = std::move(*claim);
      }
    }
  }
  PodContext placement;
  placement.nodes = LiveNodes();
  context.node = ChooseNode(vmi, placement);
  return context;
}

VmiContext Players::ContextOfGuest(const Json& vmi) {
  VmiContext context;
  context.behavior = BehaviorOf(vmi);
  if (context.behavior == Behavior::kNone && OwnerOfKind(vmi, "VirtualMachine") != nullptr) {
    if (const auto vm = store_.Get({Kind::kVm, Space(vmi), Name(vmi)})) {
      context.behavior = BehaviorOf(*vm);
    }
  }
  const std::string migration = Text(vmi, "status/migrationState/migrationUid");
  if (const auto key = store_.ByUid(migration); !migration.empty() && key) {
    if (const auto object = store_.Get(*key)) context.migration_behavior = BehaviorOf(*object);
  }
  const std::lock_guard lock(mutex_);
  const auto it = commands_.find({Kind::kVmi, Space(vmi), Name(vmi)});
  if (it != commands_.end()) {
    context.command = it->second;
    const bool paused = FindCondition(vmi, "Paused") != nullptr;
    if (paused == (it->second == PauseCommand::kPause)) commands_.erase(it);
  }
  return context;
}

Decision Players::DecideInstance(const ObjectKey& key, WallTime now) {
  const auto vmi = store_.Get(key);
  if (!vmi) {
    metrics_.Update(key, std::nullopt);
    SetLost(key, "", false);
    return {};
  }
  if (platform()) {
    std::vector<ObjectKey> pods = store_.OwnedBy(Uid(*vmi), Kind::kPod);
    pods.push_back({Kind::kPod, key.space, LauncherName(*vmi, "")});
    if (const auto wait = Expected(pods)) return {{}, *wait};
  }
  metrics_.Update(key, FactsOfGuest(*vmi));
  TellRelatives(*vmi);
  Json next = *vmi;
  Decision decision;
  const VmiContext guest = ContextOfGuest(*vmi);
  const std::string node = Text(*vmi, "status/nodeName");
  SetLost(key, node, guest.behavior == Behavior::kNodeLost);
  if (!Lost(node)) {
    if (const auto again = AdvanceGuest(next, guest, options_.pace, now)) decision.Again(*again);
  }
  // After the guest's step, so that Running and Ready come with one write.
  if (platform()) decision.Merge(AdvanceInstance(next, ContextOfInstance(*vmi), now));
  if (next != *vmi) decision.writes.push_back({Verb::kReplace, key, std::move(next)});
  return decision;
}

// Whose fate depends on the VMI's.
void Players::TellRelatives(const Json& vmi) {
  if (IsFinal(vmi) || MigrationEnded(vmi)) {
    for (const ObjectKey& pod : store_.OwnedBy(Uid(vmi), Kind::kPod)) queue_.Add(pod);
  }
  if (!platform()) return;
  for (const ObjectKey& one : store_.MigrationsOf(Space(vmi), Name(vmi))) queue_.Add(one);
}

Decision Players::DecideMachine(const Json& vm, WallTime now) {
  const ObjectKey instance{Kind::kVmi, Space(vm), Name(vm)};
  if (!platform()) return {};
  if (const auto wait = Expected({instance})) return {{}, *wait};
  VmContext context;
  const auto vmi = store_.Get(instance);
  // One of the same name may stand alone, or be left of a VM that was deleted.
  const Json* owner = vmi ? OwnerOfKind(*vmi, "VirtualMachine") : nullptr;
  if (owner != nullptr && Text(*owner, "uid") == Uid(vm)) context.vmi = &*vmi;
  const Json* volumes = Find(vm, "spec/template/spec/volumes");
  if (volumes != nullptr) {
    for (const Json& volume : *volumes) {
      const std::string name = Text(volume, "dataVolume/name");
      if (name.empty()) continue;
      const ObjectKey key{Kind::kDataVolume, Space(vm), name};
      if (const auto wait = Expected({key})) return {{}, *wait};
      if (const auto found = store_.Get(key)) {
        context.data_volumes[name] = Text(*found, "status/phase");
      }
    }
  }
  const std::string phase = context.vmi != nullptr ? Text(*vmi, "status/phase") : "Running";
  if (phase.empty() || phase == "Pending" || BehaviorOf(vm) != Behavior::kNone) {
    queue_.Add(instance);
  }
  return DecideVm(vm, context, now);
}

Decision Players::DecideMigrationOf(const Json& migration, WallTime now) {
  const ObjectKey instance{Kind::kVmi, Space(migration), Text(migration, "spec/vmiName")};
  if (const auto wait = Expected({instance})) return {{}, *wait};
  MigrationContext context;
  const auto vmi = store_.Get(instance);
  std::optional<Json> pod;
  if (vmi) {
    context.vmi = &*vmi;
    const ObjectKey key{Kind::kPod, Space(migration), LauncherName(*vmi, Uid(migration))};
    if (const auto wait = Expected({key})) return {{}, *wait};
    pod = store_.Get(key);
    if (pod) context.target_pod = &*pod;
    PodContext placement;
    placement.nodes = LiveNodes();
    placement.avoided_nodes.insert(Text(*vmi, "status/nodeName"));
    context.target_node = ChooseNode(migration, placement);
  }
  Decision decision = DecideMigration(migration, context, options_.pace, now);
  if (!MigrationFinal(migration)) return decision;
  std::vector<Json> all;
  for (const ObjectKey& key : store_.MigrationsOf(instance.space, instance.name)) {
    if (auto one = store_.Get(key)) all.push_back(std::move(*one));
  }
  for (const std::string& name : ExpiredMigrations(all)) {
    decision.writes.push_back({Verb::kDelete, {Kind::kMigration, instance.space, name}, {}});
  }
  return decision;
}

Decision Players::DecideClaimOf(const Json& claim, WallTime now) {
  if (platform()) return BindClaim(claim, options_.pace, now);
  const auto storage_class =
      store_.Get({Kind::kStorageClass, "", Text(claim, "spec/storageClassName")});
  bool waits = storage_class && Text(*storage_class, "volumeBindingMode") == "WaitForFirstConsumer";
  if (waits) {
    const std::lock_guard lock(mutex_);
    waits = !used_claims_.contains({Space(claim), Name(claim)});
  }
  return DecideClaim(claim, storage_class ? &*storage_class : nullptr, waits, options_.pace, now);
}

Decision Players::DecideVolumeOf(const Json& data_volume, WallTime now) {
  const ObjectKey key{Kind::kClaim, Space(data_volume), Name(data_volume)};
  if (const auto wait = Expected({key})) return {{}, *wait};
  DataVolumeContext context;
  const auto claim = store_.Get(key);
  if (claim) context.claim = &*claim;
  context.behavior = BehaviorOfVolume(data_volume);
  return DecideDataVolume(data_volume, context, options_.pace, now);
}

Behavior Players::BehaviorOfVolume(const Json& data_volume) const {
  const Behavior own = BehaviorOf(data_volume);
  if (own != Behavior::kNone) return own;
  const Json* owner = OwnerOfKind(data_volume, "VirtualMachine");
  if (owner == nullptr) return own;
  const auto vm = store_.Get({Kind::kVm, Space(data_volume), Text(*owner, "name")});
  const Behavior inherited = vm ? BehaviorOf(*vm) : Behavior::kNone;
  return ImportBehavior(inherited) ? inherited : own;
}

Behavior Players::BehaviorOfMover(const Json& pod) const {
  std::optional<Json> object = pod;
  for (int depth = 0; depth < 4 && object; ++depth) {
    if (ImportBehavior(BehaviorOf(*object))) return BehaviorOf(*object);
    if (const Json* owner = OwnerOfKind(*object, "DataVolume")) {
      const auto found = store_.Get({Kind::kDataVolume, Space(*object), Text(*owner, "name")});
      return found ? BehaviorOfVolume(*found) : Behavior::kNone;
    }
    const Json* owner = OwnerOfKind(*object, "PersistentVolumeClaim");
    if (owner == nullptr) return Behavior::kNone;
    object = store_.Get({Kind::kClaim, Space(*object), Text(*owner, "name")});
  }
  return Behavior::kNone;
}

std::vector<Json> Players::PodsOf(const Json& vmi) const {
  std::vector<Json> pods;
  for (const ObjectKey& key : store_.OwnedBy(Uid(vmi), Kind::kPod)) {
    if (auto pod = store_.Get(key)) pods.push_back(std::move(*pod));
  }
  return pods;
}

void Players::UseClaims(const Json& pod) {
  const Json* volumes = Find(pod, "spec/volumes");
  if (platform() || volumes == nullptr) return;
  for (const Json& volume : *volumes) {
    const std::string claim = Text(volume, "persistentVolumeClaim/claimName");
    if (claim.empty()) continue;
    bool added = false;
    {
      const std::lock_guard lock(mutex_);
      added = used_claims_.insert({Space(pod), claim}).second;
    }
    if (added) queue_.Add({Kind::kClaim, Space(pod), claim});
  }
}

std::optional<Duration> Players::Expected(const std::vector<ObjectKey>& keys) const {
  std::optional<Duration> longest;
  for (const ObjectKey& key : keys) {
    const auto wait = store_.Expected(key);
    if (wait && (!longest || *wait > *longest)) longest = wait;
  }
  return longest;
}

std::vector<std::string> Players::LiveNodes() const {
  std::vector<std::string> live;
  for (const std::string& node : nodes_) {
    if (!Lost(node)) live.push_back(node);
  }
  return live;
}

bool Players::Lost(const std::string& node) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(lost_.begin(), lost_.end(),
                     [&](const auto& one) { return one.second == node; });
}

void Players::SetLost(const ObjectKey& because, const std::string& node, bool lost) {
  std::set<std::string> all;
  std::string changed;
  {
    const std::lock_guard lock(mutex_);
    const auto it = lost_.find(because);
    if (lost == (it != lost_.end())) return;
    changed = lost ? node : it->second;
    if (lost) {
      lost_[because] = node;
    } else {
      lost_.erase(it);
    }
    for (const auto& [key, name] : lost_) all.insert(name);
  }
  metrics_.SetLost(std::move(all));
  queue_.Add({Kind::kNode, "", changed});
}

}  // namespace virtlens::sim::actor
