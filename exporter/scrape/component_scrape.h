// Scraping the components of KubeVirt and CDI, whole: who they are, their pages, their health.
//
//   PodWatch (a thread each) ───────────┐
//   ObjectData: CA, client certificate ─┼─► FindTargets ─► Scheduler (1 thread) ─► Store
//   config: targets ────────────────────┘
//
// What fails concerns only itself: virt_source_up{source="virt-handler",resource="<node>",reason}
// says which and why, and readiness never waits for any of it.
//
// Thread contract: Start and Stop by one thread; the rest from any.
#pragma once

#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "exporter/scrape/component_options.h"
#include "exporter/scrape/scheduler.h"
#include "exporter/store.h"
#include "http/transport.h"
#include "kube/client.h"

namespace virtlens::exporter {

class ComponentScrape {
 public:
  // References outlive it.
  ComponentScrape(kube::Client& client, http::Transport& transport, Store& store, Clock& clock,
                  Random& random, ComponentScrapeOptions options,
                  std::vector<StaticTarget> static_targets);
  ~ComponentScrape();  // stops

  void Start();
  // Ends watches and scrapes, and waits for their threads.
  void Stop();

  // Brings last successes up to date; before a scrape of ours.
  void Refresh();

  ScrapeStatistics statistics() const;

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace virtlens::exporter
