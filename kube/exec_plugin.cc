#include "kube/exec_plugin.h"

#include <unistd.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "base/log.h"
#include "base/time.h"
#include "kube/base64.h"
#include "kube/child_process.h"
#include "kube/file.h"

namespace virtlens::kube {
namespace {

using nlohmann::json;

constexpr const char* kExecInfo = "KUBERNETES_EXEC_INFO";

Result<bool> Interactive(const ExecPlugin& plugin) {
  if (plugin.interactive_mode == "Never") return false;
  const bool terminal = ::isatty(STDIN_FILENO) == 1;
  if (plugin.interactive_mode == "Always" && !terminal) {
    return Fail(Code::kUnauthorized, "exec plugin " + plugin.command +
                                         ": interactiveMode is Always, but standard input is no "
                                         "terminal");
  }
  return terminal;
}

Result<json> ClusterInfo(const Config& config) {
  json cluster = {{"server", config.server}};
  if (!config.tls.server_name.empty()) cluster["tls-server-name"] = config.tls.server_name;
  if (config.tls.insecure_skip_verify) cluster["insecure-skip-tls-verify"] = true;
  if (!config.proxy_url.empty()) cluster["proxy-url"] = config.proxy_url;
  std::string authority = config.tls.ca_pem;
  if (authority.empty() && !config.tls.ca_file.empty()) {
    VIRTLENS_TRY(authority, ReadSmallFile(config.tls.ca_file));
  }
  if (!authority.empty()) cluster["certificate-authority-data"] = EncodeBase64(authority);
  return cluster;
}

Result<std::vector<std::string>> Environment(const Config& config, bool interactive) {
  const ExecPlugin& plugin = *config.exec;
  json info = {{"apiVersion", plugin.api_version},
               {"kind", "ExecCredential"},
               {"spec", {{"interactive", interactive}}}};
  if (plugin.provide_cluster_info) {
    VIRTLENS_TRY(info["spec"]["cluster"], ClusterInfo(config));
  }
  auto own = plugin.environment;
  own.emplace_back(kExecInfo, info.dump(-1, ' ', false, json::error_handler_t::replace));
  std::vector<std::string> environment;
  for (const auto& [name, value] : own) environment.push_back(name + "=" + value);
  for (char** variable = ::environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    bool replaced = false;
    for (const auto& [name, value] : own) {
      replaced = replaced || (text.starts_with(name) && text.substr(name.size()).starts_with("="));
    }
    if (!replaced) environment.emplace_back(text);
  }
  return environment;
}

tl::unexpected<Error> PluginFails(const ExecPlugin& plugin, const std::string& reason) {
  std::string text = "exec plugin " + plugin.command + ": " + reason;
  if (!plugin.install_hint.empty()) text += "; " + plugin.install_hint.substr(0, 1024);
  return Fail(Code::kUnauthorized, text);
}

std::string TextMember(const json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

}  // namespace

Result<ExecCredential> ParseExecCredential(const std::string& text,
                                           const std::string& api_version) {
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object() || TextMember(object, "kind") != "ExecCredential") {
    return Fail(Code::kUnauthorized, "its output is no ExecCredential object in JSON");
  }
  if (TextMember(object, "apiVersion") != api_version) {
    return Fail(Code::kUnauthorized,
                "its output is of another apiVersion than the kubeconfig asks for, " + api_version);
  }
  const auto status = object.find("status");
  if (status == object.end() || !status->is_object()) {
    return Fail(Code::kUnauthorized, "its output has no status");
  }
  ExecCredential credential;
  credential.token = TextMember(*status, "token");
  credential.certificate_pem = TextMember(*status, "clientCertificateData");
  credential.key_pem = TextMember(*status, "clientKeyData");
  if (credential.certificate_pem.empty() != credential.key_pem.empty()) {
    return Fail(Code::kUnauthorized, "its output has only one of certificate and key");
  }
  if (credential.token.empty() && credential.certificate_pem.empty()) {
    return Fail(Code::kUnauthorized, "its output has neither token nor certificate");
  }
  if (const std::string expires = TextMember(*status, "expirationTimestamp"); !expires.empty()) {
    credential.expires = ParseRfc3339(expires);
    if (!credential.expires) {
      return Fail(Code::kUnauthorized, "its expirationTimestamp is not RFC 3339");
    }
  }
  return credential;
}

Result<ExecCredential> RunExecPlugin(const Config& config, std::stop_token stop,
                                     std::chrono::milliseconds time_limit) {
  const ExecPlugin& plugin = *config.exec;
  VIRTLENS_TRY(const bool interactive, Interactive(plugin));
  ChildCommand command;
  command.arguments = plugin.arguments;
  command.arguments.insert(command.arguments.begin(), plugin.command);
  VIRTLENS_TRY(command.environment, Environment(config, interactive));
  command.inherit_input = interactive;
  command.time_limit = time_limit;
  command.output_limit = kExecOutputLimit;
  const auto outcome = RunChild(command, stop);
  if (!outcome && outcome.error().code == Code::kCanceled) return Fail(outcome.error());
  if (!outcome) return PluginFails(plugin, outcome.error().message);
  if (!outcome->error_output.empty()) {
    Debug("exec plugin says", {{"command", plugin.command}, {"stderr", outcome->error_output}});
  }
  if (outcome->exit_status != 0) {
    return PluginFails(plugin,
                       "it failed with exit status " + std::to_string(outcome->exit_status));
  }
  auto credential = ParseExecCredential(outcome->output, plugin.api_version);
  if (!credential) return PluginFails(plugin, credential.error().message);
  return credential;
}

}  // namespace virtlens::kube
