#include "exporter/cluster_reader.h"

namespace virtlens::exporter {

ClusterReader::ClusterReader(const ClusterReaderOptions& options, kube::Config config,
                             http::Transport& transport, Clock& clock, Random& random)
    : client_(std::move(config), transport, clock, random),
      store_(options.name, clock),
      sources_(client_, transport, store_, clock, random, options.decode),
      components_(client_, transport, store_, clock, random, options.component_scrape,
                  options.targets) {}

ClusterReader::~ClusterReader() { Stop(); }

void ClusterReader::Start() {
  store_.Update([](Inventory& inventory, Micros now) { inventory.CountSince(now); });
  sources_.Start();
  components_.Start();
}

void ClusterReader::Stop() {
  components_.Stop();
  sources_.Stop();
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
