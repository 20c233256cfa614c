#include "exporter/clusters.h"

#include <algorithm>
#include <set>

#include "base/log.h"

namespace virtlens::exporter {

Clusters::Clusters(ClustersOptions options, kube::Config host, http::Transport& transport,
                   Clock& clock, Random& random)
    : options_(std::move(options)),
      transport_(transport),
      clock_(clock),
      random_(random),
      host_(std::make_shared<ClusterReader>(options_.host, std::move(host), transport, clock,
                                            random)) {}

Clusters::~Clusters() { Stop(); }

Result<void> Clusters::Start() {
  VIRTLENS_CHECK(host_->Start());
  if (options_.members.empty() && !options_.discover) return {};
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  return {};
}

void Clusters::Stop() {
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  for (const auto& reader : readers()) reader->Stop();
}

void Clusters::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    FollowMembers(stop);
    clock_.Sleep(options_.interval, stop);
  }
}

void Clusters::FollowMembers(const std::stop_token& stop) {
  const Members members = FindMembers(host_->client(), options_.members, options_.discover, stop);
  if (stop.stop_requested()) return;
  for (const auto& reader : Apply(members)) reader->Stop();
}

std::vector<std::shared_ptr<ClusterReader>> Clusters::Apply(const Members& members) {
  const std::string host = host_->name();
  std::set<std::string> wanted;
  std::vector<std::shared_ptr<ClusterReader>> ended;
  std::lock_guard lock(mutex_);
  for (const Member& member : members.found) {
    if (member.name == host) {
      Refuse(member.name, "the host goes by this name; give the member another");
      continue;
    }
    wanted.insert(member.name);
    const auto known = members_.find(member.name);
    if (!member.config) {
      // A member that is being read goes on with what it has.
      if (known == members_.end()) Refuse(member.name, member.config.error().message);
      continue;
    }
    refused_.erase(member.name);
    if (known != members_.end() && known->second->client().config() == *member.config) continue;
    if (known != members_.end()) ended.push_back(known->second);
    if (auto reader = Read(member.name, *member.config)) {
      members_[member.name] = std::move(reader);
    } else {
      members_.erase(member.name);
    }
  }
  const auto gone = [&](const auto& entry) { return !wanted.contains(entry.first); };
  if (!members.complete) return ended;
  for (auto member = members_.begin(); member != members_.end();) {
    if (!gone(*member)) {
      ++member;
      continue;
    }
    Info("member cluster is no longer named", {{"cluster", member->first}});
    ended.push_back(member->second);
    member = members_.erase(member);
  }
  std::erase_if(refused_, [&](const auto& entry) { return gone(entry) && entry.first != host; });
  return ended;
}

std::shared_ptr<ClusterReader> Clusters::Read(const std::string& name, const kube::Config& config) {
  Info("reading member cluster", {{"cluster", name}, {"api_server", config.server}});
  ClusterReaderOptions options{.name = name, .decode = options_.host.decode};
  options.without = options_.host.without;
  options.labels_on_every_series = options_.host.labels_on_every_series;
  options.usage_interval = options_.host.usage_interval;
  // Each cluster's usage has a file of its own beside the host's.
  if (!options_.host.state.empty()) {
    options.state = options_.host.state + "." + http::PercentEncode(name);
  }
  // A member's Pods are on its own network: their addresses mean others here.
  options.component_scrape.enabled = false;
  auto reader = std::make_shared<ClusterReader>(options, config, transport_, clock_, random_);
  if (const auto started = reader->Start(); !started) {
    Refuse(name, started.error().message);
    return nullptr;
  }
  return reader;
}

void Clusters::Refuse(const std::string& name, const std::string& reason) {
  std::string& known = refused_[name];
  if (known == reason) return;
  known = reason;
  Warning("member cluster cannot be read", {{"cluster", name}, {"reason", reason}});
}

std::shared_ptr<const Page> Clusters::Scrape(const std::vector<std::string>& only) {
  std::vector<std::shared_ptr<const Page>> pages;
  for (const auto& reader : readers(only)) pages.push_back(reader->Scrape());
  if (!only.empty()) return Page::Join(pages);
  std::lock_guard lock(mutex_);
  if (pages != joined_from_) {
    joined_ = Page::Join(pages);
    joined_from_ = std::move(pages);
  }
  return joined_;
}

bool Clusters::ready() const {
  if (!host_->sources().ready()) return false;
  std::lock_guard lock(mutex_);
  for (const auto& [name, reader] : members_) {
    if (!reader->sources().settled()) return false;
  }
  return true;
}

std::vector<std::shared_ptr<ClusterReader>> Clusters::readers(
    const std::vector<std::string>& only) const {
  std::vector<std::shared_ptr<ClusterReader>> readers{host_};
  {
    std::lock_guard lock(mutex_);
    for (const auto& [name, reader] : members_) readers.push_back(reader);
  }
  if (only.empty()) return readers;
  std::erase_if(readers, [&](const auto& reader) {
    return std::find(only.begin(), only.end(), reader->name()) == only.end();
  });
  return readers;
}

std::vector<Clusters::Refusal> Clusters::refusals() const {
  std::vector<Refusal> refusals;
  std::lock_guard lock(mutex_);
  for (const auto& [name, reason] : refused_) refusals.push_back({name, reason});
  return refusals;
}

}  // namespace virtlens::exporter
