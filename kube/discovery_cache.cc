#include "kube/discovery_cache.h"

#include <utility>

namespace virtlens::kube {
namespace {

constexpr std::string_view kGroups = "/apis";

// The APIGroup of that name out of an APIGroupList.
DiscoveryAnswer GroupOf(const nlohmann::json& groups, std::string_view name) {
  const auto list = groups.is_object() ? groups.find("groups") : groups.end();
  if (list != groups.end() && list->is_array()) {
    for (const nlohmann::json& group : *list) {
      const auto group_name = group.is_object() ? group.find("name") : group.end();
      if (group_name != group.end() && *group_name == name) {
        return std::make_shared<const nlohmann::json>(group);
      }
    }
  }
  return Fail(Code::kNotFound, "the server does not serve group " + std::string(name));
}

}  // namespace

DiscoveryCache::DiscoveryCache(Client& client, Clock& clock, std::chrono::milliseconds max_age)
    : client_(client), clock_(clock), max_age_(max_age) {}

Result<ResourceType> DiscoveryCache::Find(const ResourceWanted& wanted, std::stop_token stop) {
  return FindServed(
      wanted,
      [&](const std::string& group) -> DiscoveryAnswer {
        VIRTLENS_TRY(const auto groups, Get(std::string(kGroups), stop));
        return GroupOf(*groups, group);
      },
      [&](const std::string& path) { return Get(path, stop); });
}

DiscoveryAnswer DiscoveryCache::Get(const std::string& path, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  Document& document = documents_[path];
  while (document.fetching) {
    const std::uint64_t before = document.fetches;
    fetched_.wait(lock, stop, [&] { return document.fetches != before; });
    if (stop.stop_requested()) return Fail(Code::kCanceled, "stopped");
    // Whoever asked may have been told to stop; that is no answer for others.
    const bool canceled = !document.answer && document.answer.error().code == Code::kCanceled;
    if (!canceled) return document.answer;
  }
  const bool fresh =
      document.fetches > 0 && document.answer && clock_.Monotonic() - document.fetched < max_age_;
  if (fresh) return document.answer;
  document.fetching = true;
  lock.unlock();
  auto fetched = client_.Call("GET", path, nullptr, stop);
  lock.lock();
  if (fetched) {
    document.answer = std::make_shared<const nlohmann::json>(std::move(*fetched));
  } else {
    document.answer = Fail(std::move(fetched.error()));
  }
  document.fetched = clock_.Monotonic();
  document.fetching = false;
  ++document.fetches;
  fetched_.notify_all();
  return document.answer;
}

}  // namespace virtlens::kube
