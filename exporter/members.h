// Which member clusters there are, and how each is reached: those of the configuration (a
// kubeconfig file, or a Secret of the host cluster) and the Cluster objects of KubeSphere
// (cluster.kubesphere.io/v1alpha1) on the host.
//
// Thread contract: one thread. References given outlive it.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "kube/client.h"
#include "kube/config.h"

namespace virtlens::exporter {

// A member of the configuration. Either `kubeconfig` or the secret is set.
struct MemberOptions {
  std::string name;        // the label cluster
  std::string kubeconfig;  // a file
  std::string context;     // of the file; "": its current-context
  std::string secret_namespace, secret_name;
  std::string secret_key = "kubeconfig";
  bool operator==(const MemberOptions&) const = default;
};

struct Member {
  std::string name;
  // Any code but kInvalidArgument: nobody could say right now.
  Result<kube::Config> config;
};

struct Members {
  std::vector<Member> found;  // sorted by name, each once; the configuration wins
  bool complete = true;       // false: Cluster objects could not be listed
};

// Asks the host. `discover`: Cluster objects too; the host's own is left out, as are those with
// spec.enable false. Kubeconfigs from objects may neither run commands nor name files.
Members FindMembers(kube::Client& host, const std::vector<MemberOptions>& configured, bool discover,
                    std::stop_token stop);

}  // namespace virtlens::exporter
