// The clusters that one exporter reads: the host, and its members, which come and go.
//
//   host ────────► ClusterReader ─┐
//   FindMembers ─► ClusterReader ─┼─► Page::Join ─► /metrics
//   (every 30 s)   ClusterReader ─┘
//
// Each cluster has its own store and threads: one that hangs or is broken delays no other. A member
// whose kubeconfig changes is read anew; one whose kubeconfig cannot be had right now stays as it
// is; one that is no longer named goes, and its series with it.
//
// Thread contract: Start and Stop by one thread, FollowMembers by one at a time; the rest from any.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "exporter/cluster_reader.h"
#include "exporter/members.h"

namespace virtlens::exporter {

struct ClustersOptions {
  ClusterReaderOptions host;
  std::vector<MemberOptions> members;
  bool discover = true;  // KubeSphere's Cluster objects
  Duration interval = std::chrono::seconds(30);
};

class Clusters {
 public:
  // References outlive it.
  Clusters(ClustersOptions options, kube::Config host, http::Transport& transport, Clock& clock,
           Random& random);
  ~Clusters();  // stops

  // kInvalidArgument: the host's state file.
  Result<void> Start();
  void Stop();

  // The state of every cluster, the host first, then by name; `only`, when not empty: of those.
  std::shared_ptr<const Page> Scrape(const std::vector<std::string>& only = {});

  // The host's sources are synced or known to be absent, and each member's are, or are known to
  // fail: a member that is down must not take the host's series out of service.
  bool ready() const;

  // The host first, then by name; `only`, when not empty: those of these names.
  std::vector<std::shared_ptr<ClusterReader>> readers(
      const std::vector<std::string>& only = {}) const;

  // Members that cannot be read at all, and why.
  struct Refusal {
    std::string name;
    std::string reason;
  };
  std::vector<Refusal> refusals() const;

  // One look at who the members are; Start repeats it. For tests.
  void FollowMembers(const std::stop_token& stop);

 private:
  using Readers = std::map<std::string, std::shared_ptr<ClusterReader>>;
  using Refused = std::map<std::string, std::string>;  // why, by name

  void Run(const std::stop_token& stop);
  // What FindMembers says, applied to the readers and to why others are refused.
  void ReadWhatIsFound(const Members& members, Readers& readers, Refused& refused);
  // Returns what has to be stopped.
  std::vector<std::shared_ptr<ClusterReader>> TakeWhatIsGone(const Members& members,
                                                             Readers& readers,
                                                             Refused& refused) const;
  ClusterReaderOptions OptionsOf(const std::string& member) const;
  static void Refuse(Refused& refused, const std::string& name, const std::string& reason);

  const ClustersOptions options_;
  http::Transport& transport_;
  Clock& clock_;
  Random& random_;
  const std::shared_ptr<ClusterReader> host_;

  mutable std::mutex mutex_;
  Readers members_;
  Refused refused_;
  std::vector<std::shared_ptr<const Page>> joined_from_;
  std::shared_ptr<const Page> joined_;

  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace virtlens::exporter
