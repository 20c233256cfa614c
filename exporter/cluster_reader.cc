#include "exporter/cluster_reader.h"

#include "exporter/usage_state.h"

namespace virtlens::exporter {

ClusterReader::ClusterReader(const ClusterReaderOptions& options, kube::Config config,
                             http::Transport& transport, Clock& clock, Random& random)
    : configured_name_(options.name),
      state_(options.state),
      usage_interval_(options.usage_interval),
      clock_(clock),
      client_(std::move(config), transport, clock, random),
      store_(options.name, clock),
      sources_(client_, transport, store_, clock, random,
               {.decode = options.decode, .without = options.without}),
      components_(client_, transport, store_, clock, random, options.component_scrape,
                  options.targets) {
  store_.Update([&](Inventory& inventory, Micros) {
    inventory.ShowLabelsOnEverySeries(options.labels_on_every_series);
  });
}

ClusterReader::~ClusterReader() { Stop(); }

Result<void> ClusterReader::Start() {
  VIRTLENS_CHECK(MeterUsage());
  sources_.Start();
  components_.Start();
  return {};
}

Result<void> ClusterReader::MeterUsage() {
  std::optional<UsageSnapshot> saved;
  if (!state_.empty()) {
    VIRTLENS_TRY(saved, LoadUsageState(state_, configured_name_));
  }
  store_.Update([&](Inventory& inventory, Micros now) {
    inventory.CountSince(now);
    inventory.MeterUsage(
        {.interval = Micros{1'000'000} * usage_interval_, .held = !state_.empty()});
    if (saved) inventory.RestoreUsage(std::move(*saved));
  });
  if (state_.empty()) return {};
  keeper_ = std::make_unique<UsageKeeper>(state_, store_, clock_);
  keeper_->Start();
  return {};
}

void ClusterReader::Stop() {
  components_.Stop();
  sources_.Stop();
  keeper_.reset();
}

std::shared_ptr<const Page> ClusterReader::Scrape() {
  sources_.Refresh();
  components_.Refresh();
  return store_.Scrape();
}

std::vector<std::string> ClusterReader::ProjectsOf(std::string_view workspace) const {
  std::vector<std::string> projects;
  store_.Update([&](Inventory& inventory, Micros) {
    inventory.namespaces.ForEach([&](const NamespaceSubject& space) {
      if (space.row.workspace.text() == workspace) projects.push_back(space.key.name);
    });
  });
  return projects;
}

std::string ClusterReader::name() const {
  std::string name;
  store_.Update([&](Inventory& inventory, Micros) { name = inventory.cluster(); });
  return name;
}

}  // namespace virtlens::exporter
