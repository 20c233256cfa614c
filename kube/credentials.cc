#include "kube/credentials.h"

#include <algorithm>

#include "base/log.h"
#include "kube/base64.h"
#include "kube/file.h"

namespace virtlens::kube {
namespace {

constexpr Duration kTokenLife{60'000};
constexpr Duration kExpiryLeeway{10'000};
// Many streams are refused at the same moment; the plugin that ran for the first of them has
// answered for the others too.
constexpr Duration kPluginRest{1'000};

// A token goes into a header: nothing that could end the line may be in it.
bool FitsHeader(std::string_view token) {
  return std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

}  // namespace

Result<CurrentCredentials> Credentials::Get(std::stop_token stop) {
  if (!config_.token_file.empty()) return FromTokenFile();
  if (!config_.token.empty()) {
    if (!FitsHeader(config_.token)) {
      return Fail(Code::kUnauthorized, config_.source +
                                           ": the token holds a character that no "
                                           "token has");
    }
    return CurrentCredentials{"Bearer " + config_.token, "", ""};
  }
  if (!config_.username.empty()) {
    return CurrentCredentials{"Basic " + EncodeBase64(config_.username + ":" + config_.password),
                              "", ""};
  }
  if (config_.exec) return FromExecPlugin(std::move(stop));
  return CurrentCredentials{};
}

Result<CurrentCredentials> Credentials::FromTokenFile() {
  std::lock_guard lock(mutex_);
  const Duration now = clock_.Monotonic();
  if (token_forgotten_ || now - token_read_ >= kTokenLife) {
    const auto text = ReadSmallFile(config_.token_file);
    std::string_view token;
    if (text) {
      token = *text;
      while (!token.empty() && token.back() <= ' ') token.remove_suffix(1);
      while (!token.empty() && token.front() <= ' ') token.remove_prefix(1);
    }
    if (!token.empty() && FitsHeader(token)) {
      token_ = token;
    } else if (token_.empty()) {
      return Fail(Code::kUnauthorized,
                  text ? config_.token_file + " holds no token" : text.error().message);
    } else {
      // While it is being replaced the old one may still be good.
      Warning("token file cannot be read; the last token stays", {{"file", config_.token_file}});
    }
    token_read_ = now;
    token_forgotten_ = false;
  }
  return CurrentCredentials{"Bearer " + token_, "", ""};
}

Result<CurrentCredentials> Credentials::FromExecPlugin(std::stop_token stop) {
  std::lock_guard lock(mutex_);
  if (exec_ && exec_->expires && clock_.Now() + kExpiryLeeway >= *exec_->expires) exec_.reset();
  if (!exec_) {
    VIRTLENS_TRY(exec_, RunExecPlugin(config_, std::move(stop)));
    exec_run_ = clock_.Monotonic();
  }
  if (!FitsHeader(exec_->token)) {
    return Fail(Code::kUnauthorized, "exec plugin " + config_.exec->command +
                                         ": the token holds a character that no token has");
  }
  CurrentCredentials current{"", exec_->certificate_pem, exec_->key_pem};
  if (!exec_->token.empty()) current.authorization = "Bearer " + exec_->token;
  return current;
}

void Credentials::Forget() {
  std::lock_guard lock(mutex_);
  token_forgotten_ = true;
  if (exec_ && clock_.Monotonic() - exec_run_ >= kPluginRest) exec_.reset();
}

}  // namespace virtlens::kube
