#include "sim/actor/actor.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>
#include <utility>

#include "base/log.h"
#include "sim/actor/handler_server.h"
#include "sim/actor/installation.h"
#include "sim/actor/node_servers.h"
#include "sim/actor/watch.h"
#include "sim/actor/writer.h"

namespace virtlens::sim::actor {
namespace {

constexpr std::string_view kHandlerUser = "system:serviceaccount:kubevirt:kubevirt-handler";
constexpr Duration kConflictPause{100};
constexpr Duration kErrorPause{2000};

std::vector<Kind> WatchedKinds(Role role) {
  std::vector<Kind> kinds = {Kind::kNode, Kind::kPod,       Kind::kClaim,     Kind::kVm,
                             Kind::kVmi,  Kind::kMigration, Kind::kDataVolume};
  if (role == Role::kNode) kinds.insert(kinds.end(), {Kind::kVolume, Kind::kStorageClass});
  return kinds;
}

kube::Config AsHandler(kube::Config config, Role role) {
  kube::Impersonation& who = config.impersonate;
  if (role == Role::kNode && who.user.empty()) {
    who.user = kHandlerUser;
    who.groups = {"system:masters"};
  }
  return config;
}

// Which user CR a VM names as its owner: "space/kind/name"; "" when none.
std::string OwnerText(const Json& vm) {
  const Json* references = Find(vm, "metadata/ownerReferences");
  if (references == nullptr || references->empty()) return "";
  const Json& first = references->front();
  return Space(vm) + "/" + Text(first, "kind") + "/" + Text(first, "name");
}

}  // namespace

class Actor::Implementation {
 public:
  Implementation(ActorOptions options, kube::Config config, http::Transport& transport,
                 Clock& clock)
      : options_(std::move(options)),
        transport_(transport),
        clock_(clock),
        random_(options_.seed),
        client_(AsHandler(std::move(config), options_.role), transport, clock, random_),
        store_(clock),
        queue_(clock),
        metrics_(options_.seed),
        players_({options_.role, options_.nodes, Pace{options_.seed, options_.speed},
                  options_.heartbeat_interval},
                 store_, queue_, metrics_),
        writer_(client_, store_) {}

  Result<void> Listen() {
    http::ServerOptions server;
    server.listen = options_.listen;
    server.tls = options_.tls;
    VIRTLENS_TRY(server_, http::Server::Start(std::move(server),
                                              HandlerRoutes(players_, store_, metrics_, clock_)));
    if (options_.handler_address.empty() || !options_.metrics_tls) return {};
    return node_servers_.Start(players_.nodes(),
                               {.address = options_.handler_address,
                                .tls = *options_.metrics_tls,
                                .vmstats_tls = options_.vmstats_tls,
                                .vmstats_method = options_.vmstats_method},
                               metrics_, clock_);
  }

  void Run(std::stop_token stop) {
    {
      std::vector<std::jthread> threads;
      StartReflectors(threads, stop);
      for (int i = 0; i < std::max(1, options_.workers); ++i) {
        threads.emplace_back([this, stop] { Work(stop); });
      }
      for (const std::string& node : players_.nodes()) queue_.Add({Kind::kNode, "", node});
      Prepare(stop);
      populated_ = true;
      Play(stop);
      // The caller's stop ends the threads; this one waits for it.
      while (clock_.Sleep(Duration(3'600'000), stop)) {
      }
    }
    server_->Stop();
    node_servers_.Stop();
  }

  std::string address() const { return server_->address(); }

  ActorStatistics statistics() const {
    ActorStatistics all;
    all.writes = writer_.writes();
    all.conflicts = writer_.conflicts();
    all.errors = writer_.errors();
    all.steps = steps_;
    all.queued = queue_.size();
    all.vms = store_.Count(Kind::kVm);
    all.running = metrics_.running();
    all.migrations = store_.Count(Kind::kMigration);
    all.data_volumes = store_.Count(Kind::kDataVolume);
    all.populated = populated_;
    return all;
  }

 private:
  void StartReflectors(std::vector<std::jthread>& threads, std::stop_token stop) {
    for (const Kind kind : WatchedKinds(options_.role)) {
      receivers_.push_back(std::make_unique<WatchReceiver>(kind, store_, queue_, players_));
      reflectors_.push_back(std::make_unique<kube::Reflector>(client_, transport_, Wanted(kind),
                                                              kube::ReflectorOptions{},
                                                              *receivers_.back(), clock_, random_));
      threads.emplace_back([reflector = reflectors_.back().get(), stop] { reflector->Run(stop); });
    }
  }

  void Work(std::stop_token stop) {
    while (const auto key = queue_.Take(stop)) {
      ActOn(*key, stop);
      queue_.Done(*key);
    }
  }

  void ActOn(const ObjectKey& key, std::stop_token stop) {
    Decision decision;
    try {
      decision = players_.Decide(key, clock_.Now());
    } catch (const Json::exception& error) {
      // nlohmann/json throws when an object is not shaped as its kind should be.
      Warning("an object is not what its kind should be",
              {{"object", key.Text()}, {"error", error.what()}});
      return;
    }
    for (const Write& write : decision.writes) {
      const auto done = writer_.Do(write, stop);
      if (done) continue;
      const bool conflict = done.error().code == Code::kConflict;
      queue_.AddAfter(key, conflict ? kConflictPause : kErrorPause);
      if (!conflict && done.error().code != Code::kCanceled) {
        Warning("a write failed", {{"object", write.key.Text()}, {"error", done.error().message}});
      }
      return;
    }
    if (decision.again) queue_.AddAfter(key, std::max(*decision.again, Duration(1)));
  }

  void Prepare(std::stop_token stop) {
    if (options_.role == Role::kPlatform) Install(stop);
    if (!options_.handler_address.empty()) AnnounceHandlers(stop);
    Populate(stop);
  }

  void Install(std::stop_token stop) {
    for (const InstalledObject& one : PlatformObjects(options_.kubevirt_namespace, clock_.Now())) {
      if (!Other(one.object, stop) || one.status.is_null()) continue;
      const Json patch = {{"status", one.status}};
      kube::PatchOptions options;
      options.subresource = "status";
      const Json& body = one.object.body;
      auto done = client_.Patch(one.object.type, Space(body), Name(body), kube::PatchType::kMerge,
                                patch, options, stop);
      // CDI has no status subresource.
      if (!done && done.error().code == Code::kNotFound) {
        done = client_.Patch(one.object.type, Space(body), Name(body), kube::PatchType::kMerge,
                             patch, {}, stop);
      }
      if (!done) Warning("a status was not written", {{"error", done.error().message}});
    }
  }

  void AnnounceHandlers(std::stop_token stop) {
    const std::string& space = options_.kubevirt_namespace;
    if (!options_.kubevirt_ca.empty()) {
      Other(MakeCaConfigMap(space, options_.kubevirt_ca), stop);
    }
    for (const std::string& node : players_.nodes()) {
      Json pod = MakeHandlerPod(
          node, space, {node_servers_.metrics_port(node), node_servers_.vmstats_port(node)});
      const ObjectKey key{Kind::kPod, space, Name(pod)};
      // One of an earlier run names a port that nobody serves any more.
      Try({Verb::kDeleteNow, key, {}}, stop);
      Try({Verb::kCreate, key, std::move(pod)}, stop);
      Try({Verb::kMergeStatus, key, HandlerPodStatus(options_.handler_address, clock_.Now())},
          stop);
    }
  }

  void Populate(std::stop_token stop) {
    Population& population = options_.population;
    for (Json& one : population.namespaces)
      Try({Verb::kCreate, KeyOf(one, Kind::kNamespace), one}, stop);
    for (const OtherObject& one : population.instance_types) Other(one, stop);
    for (const OtherObject& one : population.networks) Other(one, stop);
    CreateOwners(population, stop);
    const bool platform = options_.role == Role::kPlatform;
    for (Json& vm : population.vms) {
      if (stop.stop_requested()) return;
      // The platform's controller would add it with a write of its own.
      if (platform) vm["metadata"]["finalizers"] = Json::array({kVmFinalizer});
      Try({Verb::kCreate, KeyOf(vm, Kind::kVm), std::move(vm)}, stop);
    }
    for (Json& vmi : population.instances) {
      if (platform) vmi["metadata"]["finalizers"] = Json::array({kVmiFinalizer});
      Try({Verb::kCreate, KeyOf(vmi, Kind::kVmi), std::move(vmi)}, stop);
    }
    population.vms.clear();
  }

  // A user CR that exists gets its real uid into the reference to it: the garbage collector deletes
  // what names an owner by another.
  void CreateOwners(Population& population, std::stop_token stop) {
    std::map<std::string, Json*> owned;
    for (Json& vm : population.vms) owned.emplace(OwnerText(vm), &vm);
    for (const OtherObject& owner : population.owners) {
      const kube::ResourceWanted wanted{owner.type.group, owner.type.plural, {owner.type.version}};
      if (!Served(wanted, stop)) continue;
      const auto created = writer_.CreateOther(owner.type, owner.body, stop);
      if (!created) continue;
      const auto it =
          owned.find(Space(*created) + "/" + Text(*created, "kind") + "/" + Name(*created));
      if (it == owned.end()) continue;
      (*it->second)["metadata"]["ownerReferences"][0]["uid"] = Uid(*created);
    }
  }

  bool Served(const kube::ResourceWanted& wanted, std::stop_token stop) {
    const std::string name = wanted.plural + "." + wanted.group;
    const auto it = served_.find(name);
    if (it != served_.end()) return it->second;
    return served_[name] = client_.Discover(wanted, stop).has_value();
  }

  // False: not created, because its type is not served, or for a reason that the log tells.
  bool Other(const OtherObject& one, std::stop_token stop) {
    if (!Served({one.type.group, one.type.plural, {one.type.version}}, stop)) return false;
    const auto done = writer_.CreateOther(one.type, one.body, stop);
    if (!done) {
      Warning("an object was not created",
              {{"object", Name(one.body)}, {"error", done.error().message}});
    }
    return done.has_value();
  }

  static ObjectKey KeyOf(const Json& object, Kind kind) {
    return {kind, Space(object), Name(object)};
  }

  void Try(const Write& write, std::stop_token stop) {
    const auto done = writer_.Do(write, stop);
    if (!done && done.error().code != Code::kCanceled) {
      Warning("a write failed", {{"object", write.key.Text()}, {"error", done.error().message}});
    }
  }

  void Play(std::stop_token stop) {
    const Duration start = clock_.Monotonic();
    for (const ScenarioStep& step : options_.scenario) {
      const auto at = Duration(
          static_cast<Duration::rep>(static_cast<double>(step.at.count()) / options_.speed));
      const Duration wait = start + at - clock_.Monotonic();
      if (wait > Duration(0) && !clock_.Sleep(wait, stop)) return;
      if (stop.stop_requested()) return;
      for (const Write& write : WritesOf(step)) {
        // A script does not know what is possible: a migration of a halted VM is refused.
        const auto done = writer_.Do(write, stop);
        if (!done) {
          Info("a step was refused",
               {{"object", write.key.Text()}, {"reason", done.error().message}});
        }
      }
      ++steps_;
    }
  }

  ActorOptions options_;
  http::Transport& transport_;
  Clock& clock_;
  Random random_;
  kube::Client client_;
  Store store_;
  WorkQueue queue_;
  HandlerMetrics metrics_;
  Players players_;
  Writer writer_;
  std::unique_ptr<http::Server> server_;
  NodeServers node_servers_;
  std::vector<std::unique_ptr<WatchReceiver>> receivers_;
  std::vector<std::unique_ptr<kube::Reflector>> reflectors_;
  std::map<std::string, bool> served_;
  std::atomic<std::uint64_t> steps_{0};
  std::atomic<bool> populated_{false};
};

Result<std::unique_ptr<Actor>> Actor::Create(ActorOptions options, kube::Config config,
                                             http::Transport& transport, Clock& clock) {
  if (options.speed <= 0 || options.nodes < 1) {
    return Fail(Code::kInvalidArgument, "the actor needs at least one node and a speed above 0");
  }
  auto implementation =
      std::make_unique<Implementation>(std::move(options), std::move(config), transport, clock);
  VIRTLENS_CHECK(implementation->Listen());
  return std::unique_ptr<Actor>(new Actor(std::move(implementation)));
}

Actor::Actor(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
Actor::~Actor() = default;

void Actor::Run(std::stop_token stop) { implementation_->Run(stop); }
std::string Actor::address() const { return implementation_->address(); }
ActorStatistics Actor::statistics() const { return implementation_->statistics(); }

}  // namespace virtlens::sim::actor
