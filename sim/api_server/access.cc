#include "sim/api_server/access.h"

#include <algorithm>
#include <utility>

namespace virtlens::sim {

void Access::AddToken(std::string token, std::string user) {
  std::lock_guard lock(mutex_);
  users_[std::move(token)] = std::move(user);
}

void Access::RevokeToken(const std::string& token) {
  std::lock_guard lock(mutex_);
  users_.erase(token);
}

void Access::Deny(DenyRule rule) {
  std::lock_guard lock(mutex_);
  rules_.push_back(std::move(rule));
}

void Access::AllowAll() {
  std::lock_guard lock(mutex_);
  rules_.clear();
}

std::optional<std::string> Access::UserOf(std::optional<std::string_view> authorization) const {
  constexpr std::string_view kScheme = "Bearer ";
  if (!authorization || !authorization->starts_with(kScheme)) return std::nullopt;
  std::lock_guard lock(mutex_);
  const auto found = users_.find(authorization->substr(kScheme.size()));
  if (found == users_.end()) return std::nullopt;
  return found->second;
}

bool Access::Allowed(std::string_view user, std::string_view verb, std::string_view group,
                     std::string_view resource, std::string_view space) const {
  const auto covers = [](const std::string& rule, std::string_view value) {
    return rule.empty() || rule == value;
  };
  std::lock_guard lock(mutex_);
  return std::none_of(rules_.begin(), rules_.end(), [&](const DenyRule& rule) {
    return covers(rule.user, user) && covers(rule.verb, verb) && covers(rule.group, group) &&
           covers(rule.resource, resource) && covers(rule.space, space);
  });
}

}  // namespace virtlens::sim
