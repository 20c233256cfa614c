// Where the API server is and who we are: kubeconfig files and the in-cluster service account.
//
// Follows client-go's rules
// (https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/):
// KUBECONFIG is a list whose files merge, the first to set a value wins; relative paths are
// relative to the file that names them.
//
// Thread contract: Config is a plain value.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/transport.h"

namespace virtlens::kube {

// An exec credential plugin (client.authentication.k8s.io/v1 and v1beta1).
struct ExecPlugin {
  std::string api_version;
  std::string command;  // a path with a separator is relative to its kubeconfig
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;
  std::string install_hint;
  bool provide_cluster_info = false;
  std::string interactive_mode;  // Never, IfAvailable, Always
  bool operator==(const ExecPlugin&) const = default;
};

struct Impersonation {
  std::string user;
  std::string uid;
  std::vector<std::string> groups;
  std::vector<std::pair<std::string, std::string>> extra;
  bool operator==(const Impersonation&) const = default;
};

struct Config {
  std::string server;  // "https://10.0.0.1:6443", no trailing slash
  http::ClientTls tls;
  std::string proxy_url;
  std::string token;
  std::string token_file;  // wins over token; read again every minute and after a 401
  std::string username, password;
  std::optional<ExecPlugin> exec{};
  Impersonation impersonate;
  std::string context_namespace = "default";
  std::string context;  // name of the context in use; "in-cluster"
  std::string source;   // the file(s) it came from, for messages
  bool operator==(const Config&) const = default;
};

struct ConfigOptions {
  std::string kubeconfig;  // --kubeconfig; "": KUBECONFIG, then in-cluster, then ~/.kube/config
  std::string context;     // --context; "": current-context
  // Seams for tests; the process's own by default.
  std::function<std::optional<std::string>(const std::string&)> environment{};
  std::function<Result<std::string>(const std::string& path)> read_file{};
};

// Errors are kInvalidArgument and name file, place and remedy, e.g.
// `/home/a/.kube/config: context "prod" not found; it has: dev, stage`.
Result<Config> LoadConfig(const ConfigOptions& given);

// A kubeconfig out of an API object, by its current-context. Whoever wrote the object must not make
// us run a command or read a file: both are kInvalidArgument. `origin` is for messages, e.g.
// "Secret fleet/member-1".
Result<Config> LoadEmbeddedConfig(const std::string& content, const std::string& origin);

}  // namespace virtlens::kube
