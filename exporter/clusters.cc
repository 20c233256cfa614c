#include "exporter/clusters.h"

#include <algorithm>

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
  // No other thread writes these. Starting and stopping readers takes time, so it is done on a copy
  // and scrapes go on with what there was.
  Readers readers = members_;
  Refused refused = refused_;
  ReadWhatIsFound(members, readers, refused);
  std::vector<std::shared_ptr<ClusterReader>> ended;
  if (members.complete) ended = TakeWhatIsGone(members, readers, refused);
  {
    std::lock_guard lock(mutex_);
    members_ = std::move(readers);
    refused_ = std::move(refused);
  }
  for (const auto& reader : ended) reader->Stop();
}

void Clusters::ReadWhatIsFound(const Members& members, Readers& readers, Refused& refused) {
  const std::string host = host_->name();
  for (const Member& member : members.found) {
    if (member.name == host) {
      Refuse(refused, member.name, "the host goes by this name; give the member another");
      continue;
    }
    const auto known = readers.find(member.name);
    if (!member.config) {
      // A member that is being read goes on with what it has.
      if (known == readers.end()) Refuse(refused, member.name, member.config.error().message);
      continue;
    }
    refused.erase(member.name);
    if (known != readers.end()) {
      if (known->second->client().config() == *member.config) continue;
      known->second->Stop();  // it must not write the state file that its successor reads
      readers.erase(known);
    }
    auto reader = std::make_shared<ClusterReader>(OptionsOf(member.name), *member.config,
                                                  transport_, clock_, random_);
    Info("reading member cluster",
         {{"cluster", member.name}, {"api_server", member.config->server}});
    if (const auto started = reader->Start(); !started) {
      Refuse(refused, member.name, started.error().message);
    } else {
      readers[member.name] = std::move(reader);
    }
  }
}

std::vector<std::shared_ptr<ClusterReader>> Clusters::TakeWhatIsGone(const Members& members,
                                                                     Readers& readers,
                                                                     Refused& refused) const {
  const auto named = [&](const std::string& name) {
    return std::any_of(members.found.begin(), members.found.end(),
                       [&](const Member& member) { return member.name == name; });
  };
  const std::string host = host_->name();  // which may have changed
  std::vector<std::shared_ptr<ClusterReader>> ended;
  std::erase_if(readers, [&](const auto& entry) {
    if (named(entry.first) && entry.first != host) return false;
    Info("member cluster is no longer named", {{"cluster", entry.first}});
    ended.push_back(entry.second);
    return true;
  });
  std::erase_if(refused, [&](const auto& entry) { return !named(entry.first); });
  return ended;
}

ClusterReaderOptions Clusters::OptionsOf(const std::string& member) const {
  ClusterReaderOptions options = options_.host;
  options.name = member;
  // Each cluster's usage has a file of its own beside the host's.
  if (!options.state.empty()) options.state += "." + http::PercentEncode(member);
  // A member's Pods are on its own network: their addresses mean others here.
  options.component_scrape.enabled = false;
  options.targets.clear();
  return options;
}

void Clusters::Refuse(Refused& refused, const std::string& name, const std::string& reason) {
  std::string& known = refused[name];
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
