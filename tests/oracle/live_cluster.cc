#include "tests/oracle/live_cluster.h"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <utility>

namespace virtlens::oracle {
namespace {

constexpr const char* kMarks = "marks";
constexpr const char* kMark = "mark";
constexpr const char* kHold = "oracle.virtlens.io/hold";  // a finalizer
constexpr std::uint64_t kGibibyte = 1ULL << 30U;

// In the order in which markers are written.
const std::array<kube::ResourceType, 12> types = {{
    {"", "v1", "namespaces", "Namespace", false},
    {"", "v1", "nodes", "Node", false},
    {"", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true},
    {"", "v1", "resourcequotas", "ResourceQuota", true},
    {"", "v1", "pods", "Pod", true},
    {"kubevirt.io", "v1", "virtualmachines", "VirtualMachine", true},
    {"kubevirt.io", "v1", "virtualmachineinstances", "VirtualMachineInstance", true},
    {"kubevirt.io", "v1", "virtualmachineinstancemigrations", "VirtualMachineInstanceMigration",
     true},
    {"cdi.kubevirt.io", "v1beta1", "datavolumes", "DataVolume", true},
    {"vm.novasphere.dev", "v1alpha1", "wukongs", "Wukong", true},
    {"virtualization.kubesphere.io", "v1beta1", "virtualdisks", "VirtualDisk", true},
    {"snapshot.storage.k8s.io", "v1", "volumesnapshots", "VolumeSnapshot", true},
}};

constexpr std::size_t kCoreTypes = 5;  // the first of them; the others have a CRD

const kube::ResourceType& TypeOf(const std::string& kind) {
  for (const kube::ResourceType& type : types) {
    if (type.kind == kind) return type;
  }
  throw std::logic_error("no type of kind " + kind);
}

bool HasStatus(const std::string& kind) { return kind != "VirtualMachineInstance"; }

// The test cannot go on without what it asks for.
template <class T>
T Must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}
void Must(const Result<void>& result) {
  if (!result) throw std::runtime_error(result.error().message);
}

std::unique_ptr<sim::ApiServer> StartServer(Clock& clock) {
  sim::ApiServerOptions options;
  options.resources = sim::KubeVirtResources();
  for (const kube::ResourceType& type : types) {
    const bool user = type.kind == "Wukong" || type.kind == "VirtualDisk";
    if (user || type.kind == "VolumeSnapshot")
      options.resources.push_back({.type = type, .has_status = true, .custom = true});
  }
  options.clock = &clock;
  options.history = 100;  // a watch that was away for long has expired
  return Must(sim::ApiServer::Start(std::move(options)));
}

kube::Config ConfigOf(const sim::ApiServer& server) {
  kube::Config config;
  config.server = server.url();
  config.tls.ca_pem = server.ca_pem();
  config.token = server.token();
  return config;
}

bool Deleting(const Json& object) { return object["metadata"].contains("deletionTimestamp"); }

}  // namespace

LiveCluster::LiveCluster(Clock& clock, Random& random)
    : random_(random),
      server_(StartServer(clock)),
      transport_(http::MakeCurlTransport("virtlens-oracle")),
      client_(ConfigOf(*server_), *transport_, clock, random),
      world_(clock, random, false) {}

// ---- writing ----

void LiveCluster::Change() {
  const auto change = world_.Step();
  if (!change) return;
  if (change->kind == absent_) return world_.Clear(absent_);
  if (change->object.is_null()) return Remove(change->kind, change->name);
  Write(change->kind, change->name, change->object);
}

void LiveCluster::NeedNamespace(const std::string& space) {
  if (space.empty() || stored_["Namespace"].contains({"", space})) return;
  Write("Namespace", {"", space}, {{"metadata", {{"name", space}}}});
}

// Without a resourceVersion of its own: nobody else writes.
void LiveCluster::Replace(const kube::ResourceType& type, Json object, const char* subresource) {
  const ObjectName name{object["metadata"].value("namespace", ""), object["metadata"]["name"]};
  object["metadata"]["resourceVersion"] = stored_[type.kind][name]["metadata"]["resourceVersion"];
  stored_[type.kind][name] = Must(client_.Replace(type, object, subresource, {}));
}

void LiveCluster::Write(const std::string& kind, const ObjectName& name, Json object) {
  const kube::ResourceType& type = TypeOf(kind);
  NeedNamespace(name.space);
  auto& stored = stored_[kind];
  if (const auto old = stored.find(name);
      old != stored.end() && object["metadata"].contains("uid") &&
      old->second["metadata"]["uid"] != object["metadata"]["uid"]) {
    Remove(kind, name);  // another of the same name
  }
  const bool dying = Deleting(object);
  if (dying) object["metadata"]["finalizers"] = Json::array({kHold});
  if (stored.contains(name)) {
    Replace(type, object, "");
  } else {
    stored[name] = Must(client_.Create(type, name.space, object, {}));
  }
  if (HasStatus(kind) && object.contains("status")) {
    Json next = stored[name];
    next["status"] = object["status"];
    Replace(type, std::move(next), "status");
  }
  if (dying && !Deleting(stored[name])) {
    Must(client_.Delete(type, name.space, name.name, {}, {}));
    stored[name] = Must(client_.Get(type, name.space, name.name, {}));
  }
  world_.Take(kind, name, stored[name]);
}

void LiveCluster::Remove(const std::string& kind, const ObjectName& name) {
  const kube::ResourceType& type = TypeOf(kind);
  auto& stored = stored_[kind];
  const auto found = stored.find(name);
  if (found == stored.end()) return;
  if (!Deleting(found->second)) Must(client_.Delete(type, name.space, name.name, {}, {}));
  if (found->second["metadata"].contains("finalizers")) {
    Json next = Must(client_.Get(type, name.space, name.name, {}));
    next["metadata"].erase("finalizers");
    Must(client_.Replace(type, next, "", {}));
  }
  stored.erase(name);
}

void LiveCluster::RemoveOrInstallCrd() {
  if (!absent_.empty()) {
    Must(server_->InstallCrd(TypeOf(absent_), HasStatus(absent_)));
    return absent_.clear();
  }
  absent_ = types[kCoreTypes + random_.Below(types.size() - kCoreTypes)].kind;
  world_.Clear(absent_);
  stored_[absent_].clear();
  Must(server_->RemoveCrd(TypeOf(absent_)));
}

// ---- what goes wrong ----

std::string LiveCluster::Break() {
  switch (random_.Below(8)) {
    case 0:
      server_->CutStreams();
      return "streams cut";
    case 1:
      server_->CompactHistory();
      server_->CutStreams();
      return "history compacted";
    case 2:
      server_->SendBookmarks();
      return "bookmarks";
    case 3:
      GoDown();
      return "server down";
    case 4:
      Must(server_->UseCertificate(sim::ApiServer::Certificate::kExpired));
      expired_ = true;
      return "certificate expired";
    case 5:
      server_->faults().Add({.kind = sim::FaultKind::kStall,
                             .resource = types[random_.Below(types.size())].plural,
                             .verb = "watch",
                             .after_bytes = random_.Below(300)});
      stalled_ = true;
      return "stall";
    default:
      AddFault();
      return "fault";
  }
}

void LiveCluster::AddFault() {
  using sim::FaultKind;
  constexpr FaultKind kOfBody[] = {FaultKind::kCut, FaultKind::kGarbage, FaultKind::kErrorEvent};
  constexpr FaultKind kOfRequest[] = {FaultKind::kDelay,           FaultKind::kGone,
                                      FaultKind::kTooManyRequests, FaultKind::kServerError,
                                      FaultKind::kForbidden,       FaultKind::kUnauthorized,
                                      FaultKind::kRefuseWatchList};
  sim::Fault fault;
  fault.resource = types[random_.Below(types.size())].plural;
  fault.verb = "watch";
  if (random_.Below(2) == 0) {
    fault.kind = kOfBody[random_.Below(std::size(kOfBody))];
    fault.after_bytes = random_.Below(300);
  } else {
    fault.kind = kOfRequest[random_.Below(std::size(kOfRequest))];
    if (random_.Below(2) == 0 && fault.kind != FaultKind::kRefuseWatchList) fault.verb = "list";
    fault.count = 1 + static_cast<int>(random_.Below(3));
    fault.delay = std::chrono::milliseconds(random_.Below(100));
    if (random_.Below(2) == 0) fault.retry_after = std::chrono::seconds(1);
  }
  server_->faults().Add(fault);
  if (random_.Below(2) == 0) server_->CutStreams();  // so that something is asked for
}

void LiveCluster::GoDown() {
  server_->GoDown();
  down_ = true;
}

void LiveCluster::Mend() {
  if (std::exchange(down_, false)) Must(server_->ComeUp());
  if (std::exchange(expired_, false)) {
    Must(server_->UseCertificate(sim::ApiServer::Certificate::kGood));
  }
}

// ---- catching up ----

void LiveCluster::MarkKind(const std::string& kind, Json object) {
  if (kind == absent_) return;
  const bool namespaced = TypeOf(kind).namespaced;
  const ObjectName name{namespaced ? kMarks : "", kind == "Namespace" ? kMarks : kMark};
  object["metadata"]["name"] = name.name;
  if (namespaced) object["metadata"]["namespace"] = name.space;
  Write(kind, name, std::move(object));
}

std::vector<std::string> LiveCluster::Mark() {
  if (std::exchange(stalled_, false)) server_->faults().Clear();
  // Its text, time and size mean one number; 1 is the cores of the instance.
  const std::uint64_t mark = 2 + marks_++ % 1000;
  const std::string text = "m" + std::to_string(mark);
  const std::string time = fmt::format("2020-01-01T00:{:02}:{:02}Z", mark / 60, mark % 60);
  const std::string size = std::to_string(mark) + "Gi";
  const auto domain = [](std::uint64_t cores) {
    return Json{{"cpu", {{"cores", cores}}}, {"memory", {{"guest", "1Gi"}}}};
  };

  MarkKind("Namespace", {{"metadata", {{"labels", {{"kubesphere.io/workspace", text}}}}}});
  MarkKind("Node", {{"metadata", {{"annotations", {{"kubevirt.io/heartbeat", time}}}}}});
  MarkKind("PersistentVolumeClaim", {{"spec", {{"resources", {{"requests", {{"storage", size}}}}}}},
                                     {"status", {{"phase", "Bound"}}}});
  MarkKind("ResourceQuota", {{"status", {{"hard", {{"services", std::to_string(mark)}}}}}});
  const Json owners = Json::array(
      {{{"apiVersion", "kubevirt.io/v1"}, {"kind", "VirtualMachineInstance"}, {"name", kMark}}});
  const Json containers =
      Json::array({{{"resources", {{"requests", {{"cpu", std::to_string(mark)}}}}}}});
  MarkKind("Pod", {{"metadata",
                    {{"labels", {{"kubevirt.io", "virt-launcher"}}}, {"ownerReferences", owners}}},
                   {"spec", {{"containers", containers}}}});
  MarkKind("VirtualMachine",
           {{"spec",
             {{"runStrategy", "Halted"},
              {"template", {{"spec", {{"domain", domain(mark)}, {"volumes", Json::array()}}}}}}}});
  MarkKind("VirtualMachineInstance", {{"spec", {{"domain", domain(1)}}},
                                      {"status", {{"phase", "Running"}, {"nodeName", text}}}});
  MarkKind("VirtualMachineInstanceMigration",
           {{"spec", {{"vmiName", kMark}}},
            {"status", {{"phase", "Running"}, {"migrationState", {{"startTimestamp", time}}}}}});
  MarkKind("DataVolume", {{"spec", Json::object()},
                          {"status", {{"phase", "Succeeded"}, {"restartCount", mark}}}});
  const Json disks = Json::array({{{"size", size}}});
  MarkKind("Wukong", {{"spec", {{"disks", disks}}}});
  MarkKind("VirtualDisk", {{"spec", {{"size", size}}}});
  MarkKind("VolumeSnapshot",
           {{"spec", {{"source", Json::object()}}}, {"status", {{"restoreSize", size}}}});
  return LinesOf(mark);
}

std::vector<std::string> LiveCluster::LinesOf(std::uint64_t mark) const {
  const std::uint64_t instant = 1'577'836'800 + mark;
  const std::string text = "m" + std::to_string(mark);
  const std::string space =
      fmt::format(R"({{workspace="{}",project="{}",cluster="c1")", text, kMarks);
  const std::string vm = fmt::format(R"({},vm_name="{}")", space, kMark);
  const std::array<std::string, types.size()> shown = {
      "virt_project_vms" + space + R"(,status="error"} 0)",
      fmt::format(R"(virt_node_heartbeat_timestamp_seconds{{cluster="c1",node="{}"}} {})", kMark,
                  instant),
      fmt::format(
          R"(virt_persistentvolumeclaim_size_bytes{},vm_name="",persistentvolumeclaim="{}",state="requested"}} {})",
          space, kMark, mark * kGibibyte),
      fmt::format(R"(virt_project_quota{},resourcequota="{}",resource="services",type="hard"}} {})",
                  space, kMark, mark),
      fmt::format(R"(virt_vm_pod_cpu_cores{},pod="{}",type="request"}} {})", vm, kMark, mark),
      fmt::format(R"(virt_vm_cpu_cores{},state="requested"}} {})", vm, mark),
      fmt::format(R"(virt_vm_node_info{},node="{}"}} 1)", vm, text),
      fmt::format(R"(virt_migration_start_timestamp_seconds{},migration="{}"}} {})", vm, kMark,
                  instant),
      fmt::format(R"(virt_datavolume_restarts_total{},vm_name="",datavolume="{}"}} {})", space,
                  kMark, mark),
      fmt::format(
          R"(virt_cr_disk_requested_bytes{},kind="Wukong",name="{}",group="vm.novasphere.dev"}} {})",
          vm, kMark, mark * kGibibyte),
      fmt::format(
          R"(virt_cr_disk_requested_bytes{},vm_name="",kind="VirtualDisk",name="{}",group="virtualization.kubesphere.io"}} {})",
          space, kMark, mark * kGibibyte),
      fmt::format(R"(virt_volumesnapshot_size_bytes{},vm_name="",volumesnapshot="{}"}} {})", space,
                  kMark, mark * kGibibyte),
  };
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (types[i].kind != absent_) {
      lines.push_back(shown[i]);
      continue;
    }
    lines.push_back(fmt::format(
        R"(virt_source_up{{cluster="c1",source="kubernetes",resource="{}",reason="crd_absent"}} 0)",
        types[i].QualifiedName()));
  }
  return lines;
}

std::map<std::string, Json> LiveCluster::List() {
  std::map<std::string, Json> all;
  for (const kube::ResourceType& type : types) {
    Json& objects = all[type.kind] = Json::array();
    if (type.kind == absent_) continue;
    // Not through HTTP: a fault of the server that is meant for the exporter may still be waiting.
    for (const sim::ObjectPtr& object : Must(server_->store().List(type, "")).objects) {
      objects.push_back(Json::parse(object->json));
    }
  }
  return all;
}

}  // namespace virtlens::oracle
