// Discovery shared by many reflectors: which resources the server serves, asked for once, not once
// a kind. While twenty kinds are absent, the server sees one GET /apis each max_age instead of
// twenty.
//
// Served groups come from /apis, resources from /apis/<group>/<version>. A document is at most
// max_age old; a resource that went in between shows as a 404 to whoever lists it. Callers that
// want the same document at the same time share one request and its outcome, also when it fails:
// a server that hangs is waited for once.
//
// Thread contract: Find may be called from any thread. Client and clock outlive the cache.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "kube/client.h"
#include "kube/discovery.h"
#include "kube/resource.h"

namespace virtlens::kube {

class DiscoveryCache {
 public:
  DiscoveryCache(Client& client, Clock& clock,
                 std::chrono::milliseconds max_age = std::chrono::milliseconds(10'000));

  // As Client::Discover.
  Result<ResourceType> Find(const ResourceWanted& wanted, std::stop_token stop);

 private:
  struct Document {
    DiscoveryAnswer answer;
    std::uint64_t fetches = 0;  // completed
    Duration fetched{0};
    bool fetching = false;
  };

  DiscoveryAnswer Get(const std::string& path, const std::stop_token& stop);

  Client& client_;
  Clock& clock_;
  const Duration max_age_;
  std::mutex mutex_;
  std::condition_variable_any fetched_;
  std::map<std::string, Document> documents_;  // by path
};

}  // namespace virtlens::kube
