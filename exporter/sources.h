// The resources the exporter reads, each followed by a reflector on a thread of its own.
//
//   API server -> Reflector -> Decoder (this thread, no lock) -> Store::Update -> series
//
// Kinds of custom resources are data (rows/kind_spec.h): DecodeOptions::kinds. Discovery is shared,
// so kinds that are absent cost one request an interval together.
//
// What is missing, forbidden or away concerns only itself: the others go on, and virt_source_up
// says which and why. An object that does not decode is skipped, counted, named once in the log,
// and keeps its last good row.
//
// Thread contract: Start and Stop by one thread; the rest from any.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "exporter/decode/decode.h"
#include "exporter/store.h"
#include "http/transport.h"
#include "kube/client.h"
#include "kube/discovery_cache.h"
#include "kube/reflector.h"

namespace virtlens::exporter {

// The source label of everything that comes from an API server.
inline constexpr std::string_view kKubernetesSource = "kubernetes";

SourceReason ReasonOf(kube::SourceState state);

class Source;

struct SourcesOptions {
  DecodeOptions decode{};
  std::vector<std::string> without{};  // ResourceNames that are not read
  kube::ReflectorOptions reflector{};
};

// What is read when these kinds of custom resources are: "pods", "virtualmachines.kubevirt.io", ...
std::vector<std::string> ResourceNames(const KindList& kinds);

class Sources {
 public:
  // All references outlive it.
  Sources(kube::Client& client, http::Transport& transport, Store& store, Clock& clock,
          Random& random, const SourcesOptions& options = {});
  ~Sources();  // stops

  void Start();
  // Ends all watches and waits for their threads.
  void Stop();

  // Brings virt_source_last_success_timestamp_seconds up to date; before a scrape.
  void Refresh();

  // Every source has been listed whole at least once, or is known to be absent.
  bool ready() const;
  // Every source is ready, or has tried and failed.
  bool settled() const;

  struct Status {
    std::string resource;
    SourceReason reason;
    std::string detail;  // for people
    bool ready = false;
    std::uint64_t objects = 0;
    std::uint64_t decode_errors = 0;
    std::uint64_t repaired = 0;
    std::uint64_t label_conflicts = 0;
    const kube::ReflectorStatistics* reflector = nullptr;
  };
  std::vector<Status> statuses() const;

 private:
  void JudgeFreshness();
  UsageWatch UsageWatchNow() const;

  Store& store_;
  kube::DiscoveryCache discovery_;
  std::vector<std::unique_ptr<Source>> sources_;
};

}  // namespace virtlens::exporter
