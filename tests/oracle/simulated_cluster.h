// The cluster of sim/ in one thread and in simulated time: the API, its objects and the players
// that play KubeVirt, CDI and the nodes, without sockets or watches. The same seed and the same
// acts give the same events at the same instants.
//
// Thread contract: one thread. The clock outlives it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/fake_clock.h"
#include "sim/actor/objects.h"
#include "sim/api_server/store.h"

namespace virtlens::oracle {

class SimulatedCluster {
 public:
  // Called for every change of an object, in order.
  using Listener = std::function<void(sim::actor::Kind, const sim::StoreEvent&)>;

  SimulatedCluster(FakeClock& clock, std::uint64_t seed, Listener listener);
  ~SimulatedCluster();

  // What a user does. False: the API refused.
  bool Do(const sim::actor::Write& write);
  // Lets the players act until `until` of Clock::Monotonic. The clock jumps a few milliseconds at a
  // time, by seed.
  void RunUntil(Duration until);
  // The object as it is; null: there is none.
  nlohmann::json Get(const sim::actor::ObjectKey& key) const;

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace virtlens::oracle
