#include "tests/oracle/simulated_cluster.h"

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "base/random.h"
#include "kube/client.h"
#include "kube/splitter.h"
#include "sim/actor/players.h"
#include "sim/actor/watch.h"
#include "sim/actor/writer.h"
#include "sim/api_server/api.h"

namespace virtlens::oracle {
namespace {

using sim::actor::Kind;
using sim::actor::ObjectKey;

constexpr const char* kServer = "http://simulated";

// Of the answer to a call; nobody lists or watches here.
std::string BytesOf(const http::Body& body) {
  if (const auto* text = std::get_if<std::string>(&body)) return *text;
  std::string bytes;
  for (const http::Buffer& one : std::get<std::vector<http::Buffer>>(body)) bytes += one.bytes;
  return bytes;
}

// Calls the API without a socket.
class DirectTransport final : public http::Transport {
 public:
  explicit DirectTransport(sim::Api& api) : api_(api) {}

  Result<http::ClientResponse> Call(const http::ClientRequest& request, std::stop_token) override {
    std::string path = request.url.substr(std::string_view(kServer).size());
    http::Request received;
    received.method = request.method;
    if (const std::size_t mark = path.find('?'); mark != std::string::npos) {
      received.query = path.substr(mark + 1);
      path.resize(mark);
    }
    received.path = http::PercentDecode(path, false).value_or(path);
    received.headers = request.headers;
    received.body = request.body;
    http::Response response = api_.Handle(received);
    return http::ClientResponse{response.status, std::move(response.headers),
                                BytesOf(response.body)};
  }
  Result<void> Stream(const http::ClientRequest&, http::StreamReceiver&, std::stop_token) override {
    return Fail(Code::kInvalidArgument, "a simulated cluster has no streams");
  }

 private:
  sim::Api& api_;
};

kube::Config ConfigWith(const std::string& token) {
  kube::Config config;
  config.server = kServer;
  config.token = token;
  return config;
}

constexpr Kind kWatched[] = {Kind::kNamespace, Kind::kNode, Kind::kPod,       Kind::kClaim,
                             Kind::kVm,        Kind::kVmi,  Kind::kMigration, Kind::kDataVolume};

kube::EventType TypeOf(sim::StoreEvent::Type type) {
  switch (type) {
    case sim::StoreEvent::Type::kAdded:
      return kube::EventType::kAdded;
    case sim::StoreEvent::Type::kModified:
      return kube::EventType::kModified;
    case sim::StoreEvent::Type::kDeleted:
      break;
  }
  return kube::EventType::kDeleted;
}

}  // namespace

class SimulatedCluster::Implementation {
 public:
  Implementation(FakeClock& clock, std::uint64_t seed, Listener listener)
      : clock_(clock),
        random_(seed),
        listener_(std::move(listener)),
        objects_(clock, random_, 10'000),
        api_({}, objects_, access_, faults_, streams_),
        transport_(api_),
        client_(ConfigWith("t"), transport_, clock, random_),
        seen_(clock),
        queue_(clock),
        metrics_(seed),
        players_({.pace = {.seed = seed}}, seen_, queue_, metrics_),
        writer_(client_, seen_) {
    access_.AddToken("t", "admin");
    for (const sim::ServedResource& resource : sim::KubeVirtResources()) {
      const kube::ResourceType crd{"apiextensions.k8s.io", "v1", "customresourcedefinitions",
                                   "CustomResourceDefinition", false};
      if (!objects_.Create(crd, "", sim::CrdOf(resource))) std::abort();
    }
    for (const Kind kind : kWatched) Watch(kind);
    for (const std::string& node : players_.nodes()) queue_.Add({Kind::kNode, "", node});
  }

  bool Do(const sim::actor::Write& write) {
    const bool done = writer_.Do(write, {}).has_value();
    Tell();
    return done;
  }

  void RunUntil(Duration until) {
    while (true) {
      while (const auto key = queue_.TakeDue()) {
        Act(*key);
        queue_.Done(*key);
      }
      const Duration left = until - clock_.Monotonic();
      if (left <= Duration(0)) return;
      clock_.Advance(std::min(left, Duration(1 + random_.Below(200))));
    }
  }

  nlohmann::json Get(const ObjectKey& key) const {
    return seen_.Get(key).value_or(nlohmann::json());
  }

 private:
  struct Watched {
    Kind kind;
    sim::actor::WatchReceiver receiver;
    sim::Store::WatchPosition position;
  };

  void Watch(Kind kind) {
    sim::Snapshot initial;
    auto position = objects_.WatchFromNow(sim::actor::DefaultType(kind), initial);
    if (!position) std::abort();
    watched_.push_back(
        std::make_unique<Watched>(Watched{kind, {kind, seen_, queue_, players_}, *position}));
  }

  void Act(const ObjectKey& key) {
    const sim::actor::Decision decision = players_.Decide(key, clock_.Now());
    for (const sim::actor::Write& write : decision.writes) {
      if (Do(write)) continue;
      return queue_.AddAfter(key, Duration(100));
    }
    if (decision.again) queue_.AddAfter(key, std::max(*decision.again, Duration(1)));
  }

  // What has happened since the last call, in the order of revisions.
  void Tell() {
    std::vector<std::pair<Watched*, sim::StoreEvent>> events;
    for (const auto& watched : watched_) {
      auto batch = objects_.Next(watched->position, 10'000, {}, {});
      for (sim::StoreEvent& event : batch.events) {
        events.emplace_back(watched.get(), std::move(event));
      }
    }
    std::sort(events.begin(), events.end(), [](const auto& a, const auto& b) {
      return a.second.object->revision < b.second.object->revision;
    });
    for (auto& [watched, event] : events) {
      std::string json = event.object->json;
      json.reserve(json.size() + kube::kItemPadding);
      watched->receiver.OnEvent(TypeOf(event.type), json);
      listener_(watched->kind, event);
    }
  }

  FakeClock& clock_;
  Random random_;
  Listener listener_;
  sim::Store objects_;
  sim::Access access_;
  sim::Faults faults_;
  sim::Streams streams_;
  sim::Api api_;
  DirectTransport transport_;
  kube::Client client_;
  sim::actor::Store seen_;
  sim::actor::WorkQueue queue_;
  sim::actor::HandlerMetrics metrics_;
  sim::actor::Players players_;
  sim::actor::Writer writer_;
  std::vector<std::unique_ptr<Watched>> watched_;
};

SimulatedCluster::SimulatedCluster(FakeClock& clock, std::uint64_t seed, Listener listener)
    : implementation_(std::make_unique<Implementation>(clock, seed, std::move(listener))) {}
SimulatedCluster::~SimulatedCluster() = default;

bool SimulatedCluster::Do(const sim::actor::Write& write) { return implementation_->Do(write); }
void SimulatedCluster::RunUntil(Duration until) { implementation_->RunUntil(until); }
nlohmann::json SimulatedCluster::Get(const sim::actor::ObjectKey& key) const {
  return implementation_->Get(key);
}

}  // namespace virtlens::oracle
