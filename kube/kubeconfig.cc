#include "kube/kubeconfig.h"

#include <map>
#include <utility>

#include "base/text.h"
#include "kube/base64.h"
#include "kube/yaml_value.h"

namespace virtlens::kube {
namespace {

// What the files say together. The first file to name a cluster, user or context wins.
struct Merged {
  std::map<std::string, YamlValue> clusters;
  std::map<std::string, YamlValue> users;
  std::map<std::string, YamlValue> contexts;
  std::string current_context;
  std::string files;  // "a, b", for messages
};

// Adds the named entries of one file's list, e.g. clusters: [{name: a, cluster: {...}}].
Result<void> MergeList(const YamlValue& document, const std::string& list, const std::string& field,
                       std::map<std::string, YamlValue>& into) {
  VIRTLENS_TRY(const YamlValue value, document.Member(list));
  VIRTLENS_TRY(const auto entries, value.Elements());
  std::map<std::string, YamlValue> own;
  for (const YamlValue& entry : entries) {
    VIRTLENS_TRY(const std::string name, entry.Text("name"));
    if (name.empty()) return Fail(entry.Wrong("has no name"));
    VIRTLENS_TRY(YamlValue content, entry.Member(field));
    if (!own.emplace(name, std::move(content)).second) {
      return Fail(entry.Wrong("name \"" + name + "\" is used twice in " + list));
    }
  }
  into.merge(own);
  return {};
}

Result<void> MergeFile(const std::string& path, const std::string& text, Merged& merged) {
  VIRTLENS_TRY(const YamlValue document, YamlValue::Parse(text, path));
  VIRTLENS_CHECK(MergeList(document, "clusters", "cluster", merged.clusters));
  VIRTLENS_CHECK(MergeList(document, "users", "user", merged.users));
  VIRTLENS_CHECK(MergeList(document, "contexts", "context", merged.contexts));
  VIRTLENS_TRY(const std::string current, document.Text("current-context"));
  if (merged.current_context.empty()) merged.current_context = current;
  merged.files += (merged.files.empty() ? "" : ", ") + path;
  return {};
}

// `context "prod" not found; it has: dev, stage; did you mean "stage"?`
std::string NotFoundMessage(const std::string& what, const std::string& name,
                            const std::map<std::string, YamlValue>& entries) {
  constexpr std::size_t kShown = 20;
  std::string text = what + " \"" + name + "\" not found; it has: ";
  std::vector<std::string_view> names;
  for (const auto& [known, value] : entries) {
    if (names.size() < kShown) text += (names.empty() ? "" : ", ") + known;
    names.push_back(known);
  }
  if (names.empty()) text += "none";
  if (names.size() > kShown) text += ", ...";
  const std::string_view nearest = Nearest(name, names);
  if (!nearest.empty()) text += "; did you mean \"" + std::string(nearest) + "\"?";
  return text;
}

std::string Resolve(const std::string& path, const std::string& file) {
  if (path.empty() || path.front() == '/') return path;
  const std::size_t slash = file.rfind('/');
  return slash == std::string::npos ? path : file.substr(0, slash + 1) + path;
}

// A file that is only named in the Config, but had better be there.
Result<std::string> ReadablePath(const YamlValue& owner, const std::string& key,
                                 const FileReader& read_file) {
  VIRTLENS_TRY(const YamlValue value, owner.Member(key));
  VIRTLENS_TRY(const std::string text, value.Text());
  if (text.empty()) return "";
  std::string path = Resolve(text, value.file());
  if (const auto content = read_file(path); !content) {
    return Fail(value.Wrong(content.error().message));
  }
  return path;
}

Result<std::string> PemData(const YamlValue& owner, const std::string& key) {
  VIRTLENS_TRY(const YamlValue value, owner.Member(key));
  VIRTLENS_TRY(const std::string text, value.Text());
  if (text.empty()) return "";
  std::optional<std::string> pem = DecodeBase64(text);
  if (!pem) return Fail(value.Wrong("is not base64"));
  if (pem->find("-----BEGIN ") == std::string::npos) {
    return Fail(value.Wrong("does not hold PEM (\"-----BEGIN ...\") in base64"));
  }
  return *std::move(pem);
}

bool StartsWithAny(std::string_view text, std::initializer_list<std::string_view> prefixes) {
  for (const std::string_view prefix : prefixes) {
    if (text.starts_with(prefix) && text.size() > prefix.size()) return true;
  }
  return false;
}

Result<void> ReadCluster(const YamlValue& cluster, const FileReader& read_file, Config& config) {
  VIRTLENS_TRY(const YamlValue server, cluster.Member("server"));
  VIRTLENS_TRY(config.server, server.Text());
  while (config.server.ends_with('/')) config.server.pop_back();
  if (!StartsWithAny(config.server, {"https://", "http://"})) {
    return Fail((server.present() ? server : cluster)
                    .Wrong("needs the server's URL, such as https://10.0.0.1:6443"));
  }
  VIRTLENS_TRY(config.tls.ca_pem, PemData(cluster, "certificate-authority-data"));
  if (config.tls.ca_pem.empty()) {
    VIRTLENS_TRY(config.tls.ca_file, ReadablePath(cluster, "certificate-authority", read_file));
  }
  VIRTLENS_TRY(config.tls.server_name, cluster.Text("tls-server-name"));
  VIRTLENS_TRY(config.tls.insecure_skip_verify, cluster.Flag("insecure-skip-tls-verify"));
  if (config.tls.insecure_skip_verify && !(config.tls.ca_pem + config.tls.ca_file).empty()) {
    return Fail(cluster.Wrong(
        "has both insecure-skip-tls-verify and a certificate-authority; remove one of them"));
  }
  VIRTLENS_TRY(const YamlValue proxy, cluster.Member("proxy-url"));
  VIRTLENS_TRY(config.proxy_url, proxy.Text());
  if (!config.proxy_url.empty() &&
      !StartsWithAny(config.proxy_url, {"http://", "https://", "socks5://"})) {
    return Fail(proxy.Wrong("must start with http://, https:// or socks5://"));
  }
  return {};
}

Result<std::string> InteractiveMode(const YamlValue& exec, const std::string& api_version) {
  VIRTLENS_TRY(const YamlValue value, exec.Member("interactiveMode"));
  VIRTLENS_TRY(std::string mode, value.Text());
  if (mode.empty()) {
    if (api_version.ends_with("/v1")) {
      return Fail(exec.Wrong("needs interactiveMode: Never, IfAvailable or Always"));
    }
    return "IfAvailable";
  }
  if (mode != "Never" && mode != "IfAvailable" && mode != "Always") {
    return Fail(value.Wrong("must be Never, IfAvailable or Always"));
  }
  return mode;
}

Result<void> ReadExec(const YamlValue& exec, Config& config) {
  ExecPlugin plugin;
  VIRTLENS_TRY(const YamlValue version, exec.Member("apiVersion"));
  VIRTLENS_TRY(plugin.api_version, version.Text());
  if (plugin.api_version != "client.authentication.k8s.io/v1" &&
      plugin.api_version != "client.authentication.k8s.io/v1beta1") {
    return Fail((version.present() ? version : exec)
                    .Wrong("needs apiVersion client.authentication.k8s.io/v1 or v1beta1"));
  }
  VIRTLENS_TRY(plugin.command, exec.Text("command"));
  if (plugin.command.empty()) return Fail(exec.Wrong("needs a command"));
  if (plugin.command.find('/') != std::string::npos) {
    plugin.command = Resolve(plugin.command, exec.file());
  }
  VIRTLENS_TRY(const YamlValue arguments, exec.Member("args"));
  VIRTLENS_TRY(plugin.arguments, arguments.Texts());
  VIRTLENS_TRY(const YamlValue environment, exec.Member("env"));
  VIRTLENS_TRY(const auto variables, environment.Elements());
  for (const YamlValue& variable : variables) {
    VIRTLENS_TRY(std::string name, variable.Text("name"));
    VIRTLENS_TRY(std::string value, variable.Text("value"));
    if (name.empty() || name.find('=') != std::string::npos) {
      return Fail(variable.Wrong("needs a name without '='"));
    }
    plugin.environment.emplace_back(std::move(name), std::move(value));
  }
  VIRTLENS_TRY(plugin.install_hint, exec.Text("installHint"));
  VIRTLENS_TRY(plugin.provide_cluster_info, exec.Flag("provideClusterInfo"));
  VIRTLENS_TRY(plugin.interactive_mode, InteractiveMode(exec, plugin.api_version));
  config.exec = std::move(plugin);
  return {};
}

Result<void> ReadImpersonation(const YamlValue& user, Impersonation& impersonate) {
  VIRTLENS_TRY(impersonate.user, user.Text("as"));
  VIRTLENS_TRY(impersonate.uid, user.Text("as-uid"));
  VIRTLENS_TRY(const YamlValue groups, user.Member("as-groups"));
  VIRTLENS_TRY(impersonate.groups, groups.Texts());
  VIRTLENS_TRY(const YamlValue extra, user.Member("as-user-extra"));
  VIRTLENS_TRY(const auto members, extra.Members());
  for (const auto& [key, value] : members) {
    VIRTLENS_TRY(const auto texts, value.Texts());
    for (const std::string& text : texts) impersonate.extra.emplace_back(key, text);
  }
  if (impersonate.user.empty() &&
      (!impersonate.uid.empty() || !impersonate.groups.empty() || !impersonate.extra.empty())) {
    return Fail(user.Wrong("has as-uid, as-groups or as-user-extra without as"));
  }
  return {};
}

Result<void> ReadClientCertificate(const YamlValue& user, const FileReader& read_file,
                                   http::ClientTls& tls) {
  VIRTLENS_TRY(tls.certificate_pem, PemData(user, "client-certificate-data"));
  VIRTLENS_TRY(tls.key_pem, PemData(user, "client-key-data"));
  if (tls.certificate_pem.empty()) {
    VIRTLENS_TRY(tls.certificate_file, ReadablePath(user, "client-certificate", read_file));
  }
  if (tls.key_pem.empty()) {
    VIRTLENS_TRY(tls.key_file, ReadablePath(user, "client-key", read_file));
  }
  const bool certificate = !tls.certificate_pem.empty() || !tls.certificate_file.empty();
  const bool key = !tls.key_pem.empty() || !tls.key_file.empty();
  if (certificate != key) {
    return Fail(user.Wrong(certificate ? "has a client-certificate but no client-key"
                                       : "has a client-key but no client-certificate"));
  }
  return {};
}

Result<void> ReadUser(const YamlValue& user, const FileReader& read_file, Config& config) {
  VIRTLENS_CHECK(ReadClientCertificate(user, read_file, config.tls));
  VIRTLENS_TRY(config.token, user.Text("token"));
  VIRTLENS_TRY(config.token_file, ReadablePath(user, "tokenFile", read_file));
  VIRTLENS_TRY(config.username, user.Text("username"));
  VIRTLENS_TRY(config.password, user.Text("password"));
  if (!config.username.empty() && !(config.token + config.token_file).empty()) {
    return Fail(user.Wrong("has both a token and a username; remove one of them"));
  }
  VIRTLENS_TRY(const YamlValue provider, user.Member("auth-provider"));
  if (provider.present()) {
    return Fail(provider.Wrong("is no longer supported by Kubernetes; use an exec plugin"));
  }
  VIRTLENS_TRY(const YamlValue exec, user.Member("exec"));
  if (exec.present()) VIRTLENS_CHECK(ReadExec(exec, config));
  return ReadImpersonation(user, config.impersonate);
}

Result<Config> ResolveContext(const Merged& merged, const std::string& wanted,
                              const FileReader& read_file) {
  Config config;
  config.source = merged.files;
  config.context = wanted.empty() ? merged.current_context : wanted;
  if (config.context.empty()) {
    std::string text = merged.files + ": no current-context; name one with --context";
    for (const auto& [name, value] : merged.contexts) text += ", e.g. \"" + name + "\"";
    return Fail(Code::kInvalidArgument, text.substr(0, 1024));
  }
  const auto context = merged.contexts.find(config.context);
  if (context == merged.contexts.end()) {
    return Fail(Code::kInvalidArgument,
                merged.files + ": " + NotFoundMessage("context", config.context, merged.contexts));
  }
  VIRTLENS_TRY(const std::string cluster_name, context->second.Text("cluster"));
  VIRTLENS_TRY(const std::string user_name, context->second.Text("user"));
  VIRTLENS_TRY(const std::string space, context->second.Text("namespace"));
  if (!space.empty()) config.context_namespace = space;
  const auto cluster = merged.clusters.find(cluster_name);
  if (cluster == merged.clusters.end()) {
    return Fail(context->second.Wrong(NotFoundMessage("cluster", cluster_name, merged.clusters)));
  }
  VIRTLENS_CHECK(ReadCluster(cluster->second, read_file, config));
  if (user_name.empty()) return config;  // an anonymous user is for the server to refuse
  const auto user = merged.users.find(user_name);
  if (user == merged.users.end()) {
    return Fail(context->second.Wrong(NotFoundMessage("user", user_name, merged.users)));
  }
  VIRTLENS_CHECK(ReadUser(user->second, read_file, config));
  return config;
}

}  // namespace

Result<Config> LoadKubeconfig(const std::vector<std::string>& paths, const std::string& context,
                              const FileReader& read_file) {
  Merged merged;
  std::string missing;
  for (const std::string& path : paths) {
    const auto text = read_file(path);
    if (!text && text.error().code == Code::kNotFound) {
      missing += (missing.empty() ? "" : ", ") + path;
      continue;
    }
    if (!text) return Fail(Code::kInvalidArgument, text.error().message);
    VIRTLENS_CHECK(MergeFile(path, *text, merged));
  }
  if (merged.files.empty()) return Fail(Code::kNotFound, "no such file: " + missing);
  return ResolveContext(merged, context, read_file);
}

}  // namespace virtlens::kube
