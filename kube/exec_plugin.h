// Runs an exec credential plugin and reads what it prints. Private to kube/.
//
// Rules: https://kubernetes.io/docs/reference/config-api/client-authentication.v1/. The plugin gets
// no shell, our environment plus its own, standard input only when it may be interactive, and is
// killed at the time limit or when it prints too much. Its standard error goes to the log at debug;
// its standard output goes nowhere but into the credential.
//
// Thread contract: any thread; blocks for as long as the plugin runs. Errors: kUnauthorized with
// the command and the install hint; kCanceled.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "kube/config.h"

namespace virtlens::kube {

struct ExecCredential {
  std::string token;
  std::string certificate_pem;
  std::string key_pem;
  std::optional<WallTime> expires{};
};

inline constexpr std::chrono::milliseconds kExecTimeLimit{60'000};
inline constexpr std::size_t kExecOutputLimit = 1024 * 1024;

// `config.exec` must be set.
Result<ExecCredential> RunExecPlugin(const Config& config, std::stop_token stop,
                                     std::chrono::milliseconds time_limit = kExecTimeLimit);

// Reads an ExecCredential object; `api_version` is the one that the kubeconfig asked for. The
// message never quotes the text.
Result<ExecCredential> ParseExecCredential(const std::string& text, const std::string& api_version);

}  // namespace virtlens::kube
