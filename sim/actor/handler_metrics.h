// virt-handler's /metrics, in the shape and with the traps of the real one (kubevirt.md, 1.1).
//
// Every series carries node, namespace, name and one kubernetes_vmi_label_* per label of the VMI,
// so the series of one family differ in their labels. Migration samples stand in a ring of ten with
// explicit timestamps, and a scrape repeats what an earlier one has already told. A node that is
// lost answers nothing.
//
// Values are a function of seed, VMI and time: two renderings of one instant are equal, and
// counters never go back while a VMI lives.
//
// Thread contract: every function may be called from any thread.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/actor/objects.h"

namespace virtlens::sim::actor {

// What the metrics need of a running VMI.
struct GuestFacts {
  std::string node;
  std::string space;
  std::string name;
  std::string uid;
  std::string labels;  // `node="a",namespace="b",name="c",kubernetes_vmi_label_x="y"`
  WallTime running_since;
  std::int64_t vcpus = 1;
  double memory_bytes = 0;
  std::vector<std::string> drives;
  std::vector<std::string> interfaces;
  bool agent = false;
  std::optional<WallTime> migration_start;
};

// nullopt: the VMI does not run, so virt-handler says nothing of it.
std::optional<GuestFacts> FactsOfGuest(const Json& vmi);

// One exposition (text 0.0.4) of these guests at `now`.
std::string RenderGuests(const std::vector<const GuestFacts*>& guests, std::uint64_t seed,
                         WallTime now);

struct StatsParts;

class HandlerMetrics {
 public:
  explicit HandlerMetrics(std::uint64_t seed) : seed_(seed) {}

  void Update(const ObjectKey& key, std::optional<GuestFacts> facts);
  void SetLost(std::set<std::string> nodes);
  // Of one node, or of all when `node` is empty.
  std::string Render(std::string_view node, WallTime now) const;
  // The same guests as JSON (handler_stats.h).
  std::string Statistics(std::string_view node, const StatsParts& parts, WallTime now) const;
  bool lost(std::string_view node) const;
  std::size_t running() const;

 private:
  // REQUIRES: mutex_ is held, as long as the result is used.
  std::vector<const GuestFacts*> GuestsOf(std::string_view node) const;

  const std::uint64_t seed_;
  mutable std::mutex mutex_;
  std::map<ObjectKey, GuestFacts> guests_;
  std::set<std::string, std::less<>> lost_;
};

}  // namespace virtlens::sim::actor
