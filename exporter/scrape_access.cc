#include "exporter/scrape_access.h"

#include "exporter/clusters.h"

namespace virtlens::exporter {
namespace {

using nlohmann::json;

constexpr Duration kKeepGranted = std::chrono::seconds(60);
constexpr Duration kKeepRefused = std::chrono::seconds(10);
// Whoever tries out tokens must not fill the memory; past it everything is asked anew.
constexpr std::size_t kMaxRemembered = 10'000;

constexpr std::string_view kBearer = "Bearer ";

bool Granted(bool allowed) { return allowed; }
bool Granted(const std::optional<ScrapeUser>& user) { return user.has_value(); }

Result<std::optional<ScrapeUser>> Authenticate(kube::Client& host, const std::string& token) {
  const json review = {{"apiVersion", "authentication.k8s.io/v1"},
                       {"kind", "TokenReview"},
                       {"spec", {{"token", token}}}};
  VIRTLENS_TRY(const json answer,
               host.Call("POST", "/apis/authentication.k8s.io/v1/tokenreviews", &review, {}));
  const json status = answer.value("status", json::object());
  if (!status.value("authenticated", false)) return std::optional<ScrapeUser>();
  const json user = status.value("user", json::object());
  return std::optional(ScrapeUser{user.value("username", ""), user.value("uid", ""),
                                  user.value("groups", std::vector<std::string>())});
}

json AttributesOf(const std::string& project) {
  if (project.empty()) {
    return {{"nonResourceAttributes", {{"path", "/metrics"}, {"verb", "get"}}}};
  }
  return {{"resourceAttributes",
           {{"namespace", project},
            {"verb", "list"},
            {"group", "kubevirt.io"},
            {"resource", "virtualmachines"}}}};
}

Result<bool> Allowed(kube::Client& client, const ScrapeUser& user, const std::string& project) {
  json spec = AttributesOf(project);
  spec["user"] = user.name;
  spec["uid"] = user.uid;
  spec["groups"] = user.groups;
  const json review = {{"apiVersion", "authorization.k8s.io/v1"},
                       {"kind", "SubjectAccessReview"},
                       {"spec", std::move(spec)}};
  VIRTLENS_TRY(
      const json answer,
      client.Call("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", &review, {}));
  return answer.value("status", json::object()).value("allowed", false);
}

// What an API server answers is checked by nobody else: a member of the wrong type is no answer.
template <class Ask>
auto Guarded(const Ask& ask) -> decltype(ask()) {
  try {
    return ask();
  } catch (const json::exception& error) {
    return Fail(Code::kDecode, std::string("the review's answer: ") + error.what());
  }
}

}  // namespace

ScrapeReviews ReviewsOf(Clusters& clusters) {
  return {.authenticate =
              [&clusters](const std::string& token) {
                const auto host = clusters.readers().front();
                return Guarded([&] { return Authenticate(host->client(), token); });
              },
          .allowed = [&clusters](const ScrapeUser& user, const std::string& cluster,
                                 const std::string& project) -> Result<bool> {
            const auto readers = clusters.readers();
            if (project.empty()) {
              return Guarded([&] { return Allowed(readers.front()->client(), user, project); });
            }
            for (const auto& reader : readers) {
              if (reader->name() != cluster) continue;
              return Guarded([&] { return Allowed(reader->client(), user, project); });
            }
            return false;
          }};
}

ScrapeAccess::ScrapeAccess(ScrapeReviews reviews, Clock& clock)
    : reviews_(std::move(reviews)), clock_(clock) {}

template <class Key, class Value, class Ask>
Result<Value> ScrapeAccess::Recall(Memory<Key, Value>& memory, const Key& key, const Ask& ask) {
  const Duration now = clock_.Monotonic();
  {
    std::lock_guard lock(mutex_);
    const auto known = memory.find(key);
    if (known != memory.end() && now < known->second.until) return known->second.value;
  }
  VIRTLENS_TRY(Value value, ask());
  std::lock_guard lock(mutex_);
  if (memory.size() >= kMaxRemembered) memory.clear();
  memory.insert_or_assign(
      key, Remembered<Value>{value, now + (Granted(value) ? kKeepGranted : kKeepRefused)});
  return value;
}

Result<ScrapeUser> ScrapeAccess::Authenticate(const http::Request& request) {
  const auto header = request.headers.Find("Authorization");
  if (!header || !header->starts_with(kBearer) || header->size() == kBearer.size()) {
    return Fail(Code::kUnauthorized, "a bearer token is needed");
  }
  const std::string token(header->substr(kBearer.size()));
  VIRTLENS_TRY(const auto user,
               Recall(users_, token, [&] { return reviews_.authenticate(token); }));
  if (!user) return Fail(Code::kUnauthorized, "the API server does not know this token");
  return *user;
}

Result<bool> ScrapeAccess::MayRead(const ScrapeUser& user, const std::string& cluster,
                                   const std::string& project) {
  std::vector<std::string> key{user.uid, user.name, cluster, project};
  key.insert(key.end(), user.groups.begin(), user.groups.end());
  return Recall(allowed_, key, [&] { return reviews_.allowed(user, cluster, project); });
}

Result<void> ScrapeAccess::MayReadAll(const ScrapeUser& user) {
  VIRTLENS_TRY(const bool allowed, MayRead(user, "", ""));
  if (allowed) return {};
  return Fail(Code::kForbidden, "\"" + user.name +
                                    "\" may not get /metrics, which is every project; ask for your "
                                    "own with ?project=");
}

}  // namespace virtlens::exporter
