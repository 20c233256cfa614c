// The credentials of the moment: a token file read again, an exec plugin run again, when what is
// cached is no longer good. Private to kube/.
//
// Thread contract: any thread. Get holds a lock while it reads or runs the plugin, so that many
// callers with expired credentials start it once.
#pragma once

#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "kube/config.h"
#include "kube/exec_plugin.h"

namespace virtlens::kube {

struct CurrentCredentials {
  std::string authorization;    // the header's value; "" for none
  std::string certificate_pem;  // from an exec plugin; "" for what Config says
  std::string key_pem;
};

class Credentials {
 public:
  // `config` and `clock` outlive this.
  Credentials(const Config& config, Clock& clock) : config_(config), clock_(clock) {}

  // kUnauthorized: the token file or the plugin gives nothing.
  Result<CurrentCredentials> Get(std::stop_token stop);
  // The server refused what Get gave last.
  void Forget();

 private:
  Result<CurrentCredentials> FromTokenFile();
  Result<CurrentCredentials> FromExecPlugin(std::stop_token stop);

  const Config& config_;
  Clock& clock_;
  std::mutex mutex_;
  std::string token_;  // from the file
  Duration token_read_{0};
  bool token_forgotten_ = true;
  std::optional<ExecCredential> exec_{};
  Duration exec_run_{0};
};

}  // namespace virtlens::kube
