#include "exporter/sources.h"

#include <algorithm>
#include <set>
#include <thread>

#include "base/log.h"

namespace virtlens::exporter {
namespace {

// The names of objects that did not decode are logged once each, up to this many.
constexpr std::size_t kMaxNamedObjects = 1000;

constexpr const char* kLauncherResource = "pods";
constexpr const char* kMigrationEventResource = "events";

std::string NameOf(const ObjectKey& key) {
  return key.space.empty() ? key.name : std::string(key.space.text()) + "/" + key.name;
}

}  // namespace

SourceReason ReasonOf(kube::SourceState state) {
  switch (state) {
    case kube::SourceState::kStarting:
      return SourceReason::Of("starting");
    case kube::SourceState::kSynced:
      return SourceReason::Of("ok");
    case kube::SourceState::kCrdAbsent:
      return SourceReason::Of("crd_absent");
    case kube::SourceState::kForbidden:
      return SourceReason::Of("forbidden");
    case kube::SourceState::kUnauthorized:
      return SourceReason::Of("unauthorized");
    case kube::SourceState::kUnreachable:
      return SourceReason::Of("unreachable");
    case kube::SourceState::kTls:
      return SourceReason::Of("tls");
    case kube::SourceState::kStale:
      return SourceReason::Of("stale");
    case kube::SourceState::kDecodeError:
      return SourceReason::Of("decode_error");
  }
  return SourceReason::From("other");
}

// One resource: its reflector, its thread, and what is known of its health.
class Source : public kube::ReflectorReceiver {
 public:
  Source(std::string resource, Store& store, std::function<void()> on_state)
      : store_(store), resource_(std::move(resource)), on_state_(std::move(on_state)) {}

  void Follow(kube::Client& client, http::Transport& transport, kube::ResourceWanted wanted,
              const kube::ReflectorOptions& options, Clock& clock, Random& random) {
    reflector_ = std::make_unique<kube::Reflector>(client, transport, std::move(wanted), options,
                                                   *this, clock, random);
  }
  void Start() {
    thread_ = std::jthread([this](const std::stop_token& stop) { reflector_->Run(stop); });
  }
  void RequestStop() { thread_.request_stop(); }
  void Join() {
    if (thread_.joinable()) thread_.join();
  }

  void OnState(kube::SourceState state, std::string_view detail) override {
    bool changed = false;
    {
      std::lock_guard lock(mutex_);
      changed = state != state_;
      state_ = state;
      detail_ = detail;
      if (state == kube::SourceState::kSynced || state == kube::SourceState::kCrdAbsent) {
        ready_ = true;
      }
    }
    if (state == kube::SourceState::kCrdAbsent) Clear();
    PublishState();
    if (changed) on_state_();
  }

  void PublishState() {
    SourceReason reason;
    {
      std::lock_guard lock(mutex_);
      reason = ReasonOf(state_);
    }
    const Micros last_success =
        reflector_ ? reflector_->statistics().last_success_micros.load() : Micros{0};
    store_.Update([&](Inventory& inventory, Micros) {
      inventory.SetSource(kKubernetesSource, resource_, reason, last_success, CountIn(inventory));
    });
  }

  Sources::Status status() const {
    Sources::Status status;
    store_.Update([&](Inventory& inventory, Micros) { status.objects = CountIn(inventory); });
    std::lock_guard lock(mutex_);
    status.resource = resource_;
    status.reason = ReasonOf(state_);
    status.detail = detail_;
    status.ready = ready_;
    status.decode_errors = decode_errors_;
    status.repaired = repaired_;
    status.label_conflicts = label_conflicts_;
    status.reflector = &reflector_->statistics();
    return status;
  }
  const std::string& resource() const { return resource_; }
  kube::SourceState state() const {
    std::lock_guard lock(mutex_);
    return state_;
  }
  bool ready() const {
    std::lock_guard lock(mutex_);
    return ready_;
  }

 protected:
  virtual std::uint64_t CountIn(Inventory& inventory) const = 0;
  virtual void Clear() = 0;

  void CountDamage(const Decoder& decoder) {
    std::lock_guard lock(mutex_);
    repaired_ = decoder.repaired();
    label_conflicts_ = decoder.label_conflicts();
  }
  // The key of the object, when it has one.
  std::optional<ObjectKey> Reject(std::string_view object, const Error& error) {
    const auto key = DecodeKey(object);
    const std::string name = key ? NameOf(*key) : "(no name)";
    std::lock_guard lock(mutex_);
    ++decode_errors_;
    if (named_.size() < kMaxNamedObjects && named_.insert(name).second) {
      Warning("object does not decode; its last good series stay",
              {{"resource", resource_}, {"object", name}, {"error", error.message}});
    }
    if (key) return *key;
    return std::nullopt;
  }

  Store& store_;

 private:
  const std::string resource_;
  const std::function<void()> on_state_;
  std::unique_ptr<kube::Reflector> reflector_;

  mutable std::mutex mutex_;
  kube::SourceState state_ = kube::SourceState::kStarting;
  std::string detail_;
  bool ready_ = false;
  std::uint64_t decode_errors_ = 0;
  std::uint64_t repaired_ = 0;
  std::uint64_t label_conflicts_ = 0;
  std::set<std::string> named_;

  std::jthread thread_;  // last: it uses all of the above
};

namespace {

// How one kind of row gets into the inventory and out again.
template <class Row>
struct RowSink {
  std::function<Result<Row>(Decoder&, std::string_view object)> decode;
  std::function<void(Inventory&, Listing<Row>, Micros)> replace;
  std::function<void(Inventory&, Row, Micros)> upsert;
  std::function<void(Inventory&, const ObjectKey&, Micros)> remove;
  std::function<std::uint64_t(Inventory&)> count;
};

template <class Row>
class RowSource final : public Source {
 public:
  RowSource(std::string resource, Store& store, std::function<void()> on_state, RowSink<Row> sink,
            const DecodeOptions& decode)
      : Source(std::move(resource), store, std::move(on_state)),
        sink_(std::move(sink)),
        decoder_(decode) {
    PublishState();
  }

  void OnListStart(const kube::ResourceType&) override { listing_ = {}; }
  void OnListItem(std::string_view object) override {
    auto row = sink_.decode(decoder_, object);
    CountDamage(decoder_);
    if (row) {
      listing_.rows.push_back(std::move(*row));
    } else if (auto key = Reject(object, row.error())) {
      listing_.undecodable.push_back(std::move(*key));
    }
  }
  void OnListEnd() override {
    store_.Update([&](Inventory& inventory, Micros now) {
      sink_.replace(inventory, std::move(listing_), now);
    });
    listing_ = {};
  }
  void OnListAbort() override { listing_ = {}; }

  void OnEvent(kube::EventType type, std::string_view object) override {
    if (type == kube::EventType::kDeleted) {
      const auto key = DecodeKey(object);
      if (!key) return;
      store_.Update([&](Inventory& inventory, Micros now) { sink_.remove(inventory, *key, now); });
      return;
    }
    auto row = sink_.decode(decoder_, object);
    CountDamage(decoder_);
    if (!row) {
      Reject(object, row.error());
      return;
    }
    store_.Update(
        [&](Inventory& inventory, Micros now) { sink_.upsert(inventory, std::move(*row), now); });
  }

 protected:
  std::uint64_t CountIn(Inventory& inventory) const override {
    return sink_.count ? sink_.count(inventory) : 0;
  }
  void Clear() override {
    store_.Update([&](Inventory& inventory, Micros now) { sink_.replace(inventory, {}, now); });
  }

 private:
  const RowSink<Row> sink_;
  Decoder decoder_;
  Listing<Row> listing_;
};

template <class Row>
RowSink<Row> TableSink(Result<Row> (Decoder::*decode)(std::string_view),
                       std::function<std::uint64_t(Inventory&)> count) {
  return {decode,
          [](Inventory& inventory, Listing<Row> listing, Micros now) {
            inventory.Replace(std::move(listing), now);
          },
          [](Inventory& inventory, Row row, Micros now) { inventory.Upsert(std::move(row), now); },
          [](Inventory& inventory, const ObjectKey& key, Micros now) {
            inventory.Remove<Row>(key, now);
          },
          std::move(count)};
}

RowSink<PlatformRow> PlatformSink(Result<PlatformRow> (Decoder::*decode)(std::string_view),
                                  std::string component) {
  return {decode,
          [component](Inventory& inventory, Listing<PlatformRow> listing, Micros) {
            inventory.ReplacePlatform(component, std::move(listing));
          },
          [component](Inventory& inventory, PlatformRow row, Micros) {
            inventory.UpsertPlatform(component, std::move(row));
          },
          [component](Inventory& inventory, const ObjectKey& key, Micros) {
            inventory.RemovePlatform(component, key);
          },
          [component](Inventory& inventory) {
            std::uint64_t count = 0;
            inventory.platforms.ForEach(
                [&](const PlatformSubject& platform) { count += platform.key.space == component; });
            return count;
          }};
}

RowSink<MigrationEventRow> MigrationEventSink() {
  return {&Decoder::MigrationEvent,
          [](Inventory& inventory, Listing<MigrationEventRow> listing, Micros now) {
            inventory.ReplaceMigrationEvents(std::move(listing), now);
          },
          [](Inventory& inventory, MigrationEventRow row, Micros now) {
            inventory.Upsert(std::move(row), now);
          },
          [](Inventory& inventory, const ObjectKey& key, Micros now) {
            inventory.Remove<MigrationEventRow>(key, now);
          },
          [](Inventory& inventory) { return inventory.migration_events(); }};
}

RowSink<CustomRow> CustomSink(const std::shared_ptr<const KindSpec>& kind) {
  return {
      [kind](Decoder& decoder, std::string_view object) { return decoder.Custom(kind, object); },
      [kind](Inventory& inventory, Listing<CustomRow> listing, Micros) {
        inventory.ReplaceCustom(*kind, std::move(listing));
      },
      [](Inventory& inventory, CustomRow row, Micros) { inventory.UpsertCustom(std::move(row)); },
      [kind](Inventory& inventory, const ObjectKey& key, Micros) {
        inventory.RemoveCustom(*kind, key);
      },
      [kind](Inventory& inventory) { return inventory.custom_rows(*kind); }};
}

// A kind of object that is read, and what makes the source of it.
struct Resource {
  kube::ResourceWanted wanted;
  std::function<std::unique_ptr<Source>(
      std::string name, Store& store, std::function<void()> on_state, const DecodeOptions& decode)>
      make;
  std::string label_selector{};
  std::string field_selector{};

  std::string Name() const {
    return kube::ResourceType{wanted.group, "", wanted.plural, "", true}.QualifiedName();
  }
};

template <class Row>
Resource Of(kube::ResourceWanted wanted, RowSink<Row> sink, std::string label_selector = {},
            std::string field_selector = {}) {
  return {std::move(wanted),
          [sink = std::move(sink)](std::string name, Store& store, std::function<void()> on_state,
                                   const DecodeOptions& decode) -> std::unique_ptr<Source> {
            return std::make_unique<RowSource<Row>>(std::move(name), store, std::move(on_state),
                                                    sink, decode);
          },
          std::move(label_selector), std::move(field_selector)};
}

template <class Row>
Resource Table(kube::ResourceWanted wanted, Result<Row> (Decoder::*decode)(std::string_view),
               std::function<std::uint64_t(Inventory&)> count, std::string label_selector = {}) {
  return Of(std::move(wanted), TableSink<Row>(decode, std::move(count)), std::move(label_selector));
}

std::vector<Resource> ResourcesOf(const KindList& kinds) {
  std::vector<Resource> resources = {
      Table({"", "namespaces", {"v1"}}, &Decoder::Namespace,
            [](Inventory& i) { return i.namespaces.size(); }),
      Table({"", "nodes", {"v1"}}, &Decoder::Node, [](Inventory& i) { return i.nodes.size(); }),
      Table({"", "persistentvolumeclaims", {"v1"}}, &Decoder::Claim,
            [](Inventory& i) { return i.claims.size(); }),
      Table(
          {"", kLauncherResource, {"v1"}}, &Decoder::Launcher,
          [](Inventory& i) { return i.launchers.size(); }, "kubevirt.io=virt-launcher"),
      Table({"", "resourcequotas", {"v1"}}, &Decoder::Quota,
            [](Inventory& i) { return i.quotas.size(); }),
      Of({"", kMigrationEventResource, {"v1"}}, MigrationEventSink(), "",
         "involvedObject.kind=VirtualMachineInstanceMigration,reason=FailedMigration"),
      Table({"kubevirt.io", "virtualmachines", {"v1", "v1alpha3"}}, &Decoder::Vm,
            [](Inventory& i) { return i.vm_rows(); }),
      Table({"kubevirt.io", "virtualmachineinstances", {"v1", "v1alpha3"}}, &Decoder::Vmi,
            [](Inventory& i) { return i.vmi_rows(); }),
      Table({"kubevirt.io", "virtualmachineinstancemigrations", {"v1", "v1alpha3"}},
            &Decoder::Migration, [](Inventory& i) { return i.migrations.size(); }),
      Table({"cdi.kubevirt.io", "datavolumes", {"v1beta1", "v1alpha1"}}, &Decoder::DataVolume,
            [](Inventory& i) { return i.data_volumes.size(); }),
      Table({"cdi.kubevirt.io", "dataimportcrons", {"v1beta1"}}, &Decoder::DataImportCron,
            [](Inventory& i) { return i.data_import_crons.size(); }),
      Of({"kubevirt.io", "kubevirts", {"v1", "v1alpha3"}},
         PlatformSink(&Decoder::KubeVirt, "kubevirt")),
      Of({"cdi.kubevirt.io", "cdis", {"v1beta1", "v1alpha1"}}, PlatformSink(&Decoder::Cdi, "cdi"))};
  for (const auto& kind : kinds) {
    resources.push_back(Of({kind->group, kind->plural, kind->versions}, CustomSink(kind)));
  }
  return resources;
}

}  // namespace

std::vector<std::string> ResourceNames(const KindList& kinds) {
  std::vector<std::string> names;
  for (const Resource& resource : ResourcesOf(kinds)) names.push_back(resource.Name());
  return names;
}

Sources::Sources(kube::Client& client, http::Transport& transport, Store& store, Clock& clock,
                 Random& random, const SourcesOptions& options)
    : store_(store), discovery_(client, clock, options.reflector.discovery_interval) {
  for (Resource& resource : ResourcesOf(options.decode.kinds)) {
    const std::string name = resource.Name();
    const auto& without = options.without;
    if (std::find(without.begin(), without.end(), name) != without.end()) continue;
    kube::ReflectorOptions reflector = options.reflector;
    reflector.discover = [this](const kube::ResourceWanted& wanted, std::stop_token stop) {
      return discovery_.Find(wanted, std::move(stop));
    };
    reflector.label_selector = resource.label_selector;
    reflector.field_selector = resource.field_selector;
    auto source = resource.make(
        name, store, [this] { JudgeFreshness(); }, options.decode);
    source->Follow(client, transport, std::move(resource.wanted), reflector, clock, random);
    sources_.push_back(std::move(source));
  }
  JudgeFreshness();
}

Sources::~Sources() { Stop(); }

void Sources::Start() {
  for (auto& source : sources_) source->Start();
}

void Sources::Stop() {
  for (auto& source : sources_) source->RequestStop();
  for (auto& source : sources_) source->Join();
}

void Sources::Refresh() {
  for (auto& source : sources_) source->PublishState();
}

bool Sources::ready() const {
  for (const auto& source : sources_) {
    if (!source->ready()) return false;
  }
  return true;
}

bool Sources::settled() const {
  for (const auto& source : sources_) {
    if (!source->ready() && source->state() == kube::SourceState::kStarting) return false;
  }
  return true;
}

std::vector<Sources::Status> Sources::statuses() const {
  std::vector<Status> statuses;
  for (const auto& source : sources_) statuses.push_back(source->status());
  return statuses;
}

// Usage is counted from VMs, their instances and claims. What is forbidden or not installed is not
// waited for.
UsageWatch Sources::UsageWatchNow() const {
  UsageWatch watch = UsageWatch::kCurrent;
  for (const auto& source : sources_) {
    const bool claims = source->resource() == "persistentvolumeclaims";
    const bool machines = source->resource() == "virtualmachines.kubevirt.io" ||
                          source->resource() == "virtualmachineinstances.kubevirt.io";
    const kube::SourceState state = source->state();
    if (!claims && !machines) continue;
    // Who may not read claims has disks metered as nothing; without the machines' own list what was
    // saved of them would be taken for gone.
    if (claims && state == kube::SourceState::kForbidden) continue;
    if (!source->ready()) return UsageWatch::kStarting;
    const bool looking =
        state == kube::SourceState::kSynced || state == kube::SourceState::kCrdAbsent;
    if (machines && !looking) watch = UsageWatch::kBlind;
  }
  return watch;
}

// A heartbeat is judged from instances and nodes; when either is not being watched, it is unknown.
// Shares of quotas want launcher Pods that were listed once; failed migrations wait for events only
// where they come.
void Sources::JudgeFreshness() {
  bool current = true;
  bool launchers = false;
  bool events = false;
  for (const auto& source : sources_) {
    launchers |= source->resource() == kLauncherResource && source->ready();
    events |= source->resource() == kMigrationEventResource &&
              source->state() == kube::SourceState::kSynced;
    const bool matters = source->resource() == "nodes" ||
                         source->resource() == "virtualmachineinstances.kubevirt.io";
    if (matters && source->state() != kube::SourceState::kSynced) current = false;
  }
  store_.Update([&](Inventory& inventory, Micros now) {
    inventory.SetHeartbeatSourcesCurrent(current, now);
    inventory.SetUsageWatch(UsageWatchNow(), now);
    inventory.SetLaunchersRead(launchers);
    inventory.SetMigrationEventsRead(events);
  });
}

}  // namespace virtlens::exporter
