// One Kubernetes cluster that is being read: its client, its store and its sources, and nothing
// shared with another cluster but the transport. So what is broken here stays here.
//
// Thread contract: Start and Stop by one thread; the rest from any. References given outlive it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "exporter/scrape/component_scrape.h"
#include "exporter/sources.h"
#include "exporter/store.h"
#include "exporter/usage_keeper.h"
#include "http/transport.h"
#include "kube/client.h"
#include "kube/config.h"

namespace virtlens::exporter {

struct ClusterReaderOptions {
  std::string name;  // the label cluster; "": what the cluster calls itself
  DecodeOptions decode;
  std::vector<std::string> without{};   // resources that are not read
  bool labels_on_every_series = false;  // of a VM
  ComponentScrapeOptions component_scrape;
  std::vector<StaticTarget> targets;
  std::string state;        // file that keeps usage across restarts; "": none
  int usage_interval = 15;  // seconds; 0: usage is not metered
};

class ClusterReader {
 public:
  ClusterReader(const ClusterReaderOptions& options, kube::Config config,
                http::Transport& transport, Clock& clock, Random& random);
  ~ClusterReader();  // stops

  // Counters count from now on, usage from where the state file left it. kInvalidArgument: that
  // file cannot be read, or is another cluster's.
  Result<void> Start();
  void Stop();

  // The current state, sealed.
  std::shared_ptr<const Page> Scrape();

  // The namespaces that carry the workspace's label.
  std::vector<std::string> ProjectsOf(std::string_view workspace) const;

  // What the label cluster says now.
  std::string name() const;
  kube::Client& client() { return client_; }
  const kube::Client& client() const { return client_; }
  const Store& store() const { return store_; }
  const Sources& sources() const { return sources_; }
  const ComponentScrape& components() const { return components_; }

 private:
  Result<void> MeterUsage();

  const std::string configured_name_;
  const std::string state_;
  const int usage_interval_;
  Clock& clock_;
  kube::Client client_;
  mutable Store store_;
  Sources sources_;
  ComponentScrape components_;
  std::unique_ptr<UsageKeeper> keeper_;
};

}  // namespace virtlens::exporter
