// Who may scrape what, with --auth. The API servers decide: TokenReview on the host says who the
// bearer of a token is, SubjectAccessReview what he may see:
//
//   every series            get on the non-resource URL /metrics, on the host
//   a project of a cluster  list on virtualmachines.kubevirt.io in that namespace, on that cluster
//
// so that whoever may list a project's VMs may read their series. Answers are kept for a minute
// (refusals for ten seconds), so that a scrape every few seconds costs the API servers nothing.
//
// Thread contract: any thread. Errors: kUnauthorized and kForbidden are for the scraper and say
// why; any other code means that nobody could be asked. Tokens appear in no message.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "http/message.h"

namespace virtlens::exporter {

class Clusters;

struct ScrapeUser {
  std::string name;
  std::string uid;
  std::vector<std::string> groups;
};

// How the API servers are asked; tests put their own here.
struct ScrapeReviews {
  // nullopt: the token is nobody's.
  std::function<Result<std::optional<ScrapeUser>>(const std::string& token)> authenticate;
  // `project` "": every series. `cluster`: the label.
  std::function<Result<bool>(const ScrapeUser& user, const std::string& cluster,
                             const std::string& project)>
      allowed;
};

// Asks through the clients of `clusters`, which outlives the result.
ScrapeReviews ReviewsOf(Clusters& clusters);

class ScrapeAccess {
 public:
  ScrapeAccess(ScrapeReviews reviews, Clock& clock);

  Result<ScrapeUser> Authenticate(const http::Request& request);
  // kForbidden when not.
  Result<void> MayReadAll(const ScrapeUser& user);
  Result<bool> MayRead(const ScrapeUser& user, const std::string& cluster,
                       const std::string& project);

 private:
  template <class Value>
  struct Remembered {
    Value value;
    Duration until;
  };
  template <class Key, class Value>
  using Memory = std::map<Key, Remembered<Value>>;

  template <class Key, class Value, class Ask>
  Result<Value> Recall(Memory<Key, Value>& memory, const Key& key, const Ask& ask);

  const ScrapeReviews reviews_;
  Clock& clock_;
  std::mutex mutex_;
  Memory<std::string, std::optional<ScrapeUser>> users_;  // by token
  Memory<std::vector<std::string>, bool> allowed_;        // by uid, name, cluster, project, groups
};

}  // namespace virtlens::exporter
