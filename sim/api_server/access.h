// Who may do what: bearer tokens and deny rules.
//
// Thread contract: any thread.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace virtlens::sim {

// Everything is allowed but what a rule denies. Empty members match all.
struct DenyRule {
  std::string user{};
  std::string verb{};      // "list"
  std::string group{};     // "" matches all groups, the core group included
  std::string resource{};  // plural
  std::string space{};     // namespace
};

class Access {
 public:
  void AddToken(std::string token, std::string user);
  void RevokeToken(const std::string& token);
  void Deny(DenyRule rule);
  void AllowAll();

  // The user of an Authorization header's value; nullopt: 401.
  std::optional<std::string> UserOf(std::optional<std::string_view> authorization) const;
  bool Allowed(std::string_view user, std::string_view verb, std::string_view group,
               std::string_view resource, std::string_view space) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> users_;  // by token
  std::vector<DenyRule> rules_;
};

}  // namespace virtlens::sim
