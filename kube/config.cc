#include "kube/config.h"

#include <cstdlib>

#include "base/text.h"
#include "kube/file.h"
#include "kube/kubeconfig.h"

namespace virtlens::kube {
namespace {

constexpr const char* kServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

std::optional<std::string> ProcessEnvironment(const std::string& name) {
  // Read at start, before any thread could change it.
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
  if (value == nullptr) return std::nullopt;
  return value;
}

// An unset variable and an empty one are the same here.
std::string Variable(const ConfigOptions& options, const std::string& name) {
  return options.environment(name).value_or("");
}

bool InCluster(const ConfigOptions& options) {
  return !Variable(options, "KUBERNETES_SERVICE_HOST").empty() &&
         !Variable(options, "KUBERNETES_SERVICE_PORT").empty();
}

Result<Config> InClusterConfig(const ConfigOptions& options) {
  Config config;
  const std::string folder = kServiceAccount;
  config.context = "in-cluster";
  config.source = folder;
  std::string host = Variable(options, "KUBERNETES_SERVICE_HOST");
  if (host.find(':') != std::string::npos) host = "[" + host + "]";  // IPv6
  config.server = "https://" + host + ":" + Variable(options, "KUBERNETES_SERVICE_PORT");
  config.token_file = folder + "/token";
  if (const auto token = options.read_file(config.token_file); !token) {
    return Fail(Code::kInvalidArgument,
                token.error().message +
                    "; the Pod needs a service account with automountServiceAccountToken: true");
  }
  config.tls.ca_file = folder + "/ca.crt";
  if (const auto authority = options.read_file(config.tls.ca_file); !authority) {
    return Fail(Code::kInvalidArgument, authority.error().message +
                                            "; the service account's volume must hold the "
                                            "API server's CA");
  }
  if (auto space = options.read_file(folder + "/namespace"); space && !space->empty()) {
    config.context_namespace = *std::move(space);
  }
  return config;
}

Result<Config> LoadEnvironmentList(const ConfigOptions& options, const std::string& list) {
  std::vector<std::string> paths;
  for (const std::string_view path : Split(list, ':')) {
    if (!path.empty()) paths.emplace_back(path);
  }
  auto config = LoadKubeconfig(paths, options.context, options.read_file);
  if (!config && config.error().code == Code::kNotFound) {
    return Fail(Code::kInvalidArgument, "KUBECONFIG: " + config.error().message);
  }
  return config;
}

Result<Config> LoadHomeConfig(const ConfigOptions& options) {
  constexpr const char* kRemedy =
      "no kubeconfig: name one with --kubeconfig or KUBECONFIG, or run in a Pod";
  const std::string home = Variable(options, "HOME");
  if (home.empty()) return Fail(Code::kInvalidArgument, kRemedy);
  const std::string path = home + "/.kube/config";
  auto config = LoadKubeconfig({path}, options.context, options.read_file);
  if (!config && config.error().code == Code::kNotFound) {
    return Fail(Code::kInvalidArgument, std::string(kRemedy) + " (" + path + " does not exist)");
  }
  return config;
}

}  // namespace

Result<Config> LoadConfig(const ConfigOptions& given) {
  ConfigOptions options = given;
  if (!options.environment) options.environment = ProcessEnvironment;
  if (!options.read_file) options.read_file = ReadSmallFile;
  if (!options.kubeconfig.empty()) {
    auto config = LoadKubeconfig({options.kubeconfig}, options.context, options.read_file);
    if (!config && config.error().code == Code::kNotFound) {
      return Fail(Code::kInvalidArgument, "--kubeconfig: " + config.error().message);
    }
    return config;
  }
  const std::string list = Variable(options, "KUBECONFIG");
  if (!list.empty()) return LoadEnvironmentList(options, list);
  // A context can only be meant for a kubeconfig.
  if (options.context.empty() && InCluster(options)) return InClusterConfig(options);
  return LoadHomeConfig(options);
}

Result<Config> LoadEmbeddedConfig(const std::string& content, const std::string& origin) {
  const auto read = [&](const std::string& path) -> Result<std::string> {
    if (path == origin) return content;
    return Fail(Code::kInvalidArgument, "names the file " + path + "; give the data itself");
  };
  VIRTLENS_TRY(Config config, LoadKubeconfig({origin}, "", read));
  if (config.exec) {
    return Fail(Code::kInvalidArgument,
                origin + ": runs a command for its credentials; give a token or a certificate");
  }
  // A path may resolve to `origin` itself, which `read` would take for the file.
  if (!config.token_file.empty() || !config.tls.ca_file.empty() ||
      !config.tls.certificate_file.empty() || !config.tls.key_file.empty()) {
    return Fail(Code::kInvalidArgument, origin + ": names a file; give the data itself");
  }
  return config;
}

}  // namespace virtlens::kube
