// Reading over HTTP: discovery, get, list, paging, selectors, access.
#include <gtest/gtest.h>

#include <algorithm>

#include "sim/api_server/testing/api_client.h"

namespace virtlens::sim::testing {
namespace {

class ApiListTest : public ::testing::Test {
 protected:
  void Seed(const kube::ResourceType& type, const std::string& name, const Json& labels = {}) {
    Json object = Named(name);
    if (!labels.is_null()) object["metadata"]["labels"] = labels;
    ASSERT_TRUE(server_->Seed(type, object));
  }
  // Names of a list's items, joined by spaces.
  static std::string NamesOf(const Json& list) {
    std::string names;
    for (const auto& item : ArrayOf(list, "items")) {
      names += (names.empty() ? "" : " ") + TextOf(item["metadata"], "name");
    }
    return names;
  }

  std::unique_ptr<ApiServer> server_ = StartServer();
  ApiClient client_{*server_};
};

TEST_F(ApiListTest, HealthNeedsNoTokenAndEverythingElseDoes) {
  client_.set_token("");
  EXPECT_EQ(client_.Status("GET", "/livez"), 200);
  EXPECT_EQ(client_.Status("GET", "/readyz"), 200);
  EXPECT_EQ(client_.Status("GET", "/version"), 401);
  client_.set_token("wrong");
  const auto response = client_.Call("GET", kVms);
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(Json::parse(response.body)["reason"], "Unauthorized");
}

TEST_F(ApiListTest, DiscoveryNamesWhatIsServed) {
  EXPECT_EQ(client_.Get("/version")["major"], "1");
  EXPECT_EQ(client_.Get("/api")["versions"], Json::array({"v1"}));
  std::string groups;
  const Json group_list = client_.Get("/apis");
  for (const auto& group : group_list["groups"]) groups += TextOf(group, "name") + " ";
  EXPECT_NE(groups.find("kubevirt.io "), std::string::npos);
  EXPECT_EQ(client_.Get("/apis/kubevirt.io")["preferredVersion"]["version"], "v1");
  std::vector<std::string> names;
  const Json resources = client_.Get("/apis/kubevirt.io/v1");
  for (const auto& entry : resources["resources"]) {
    names.push_back(TextOf(entry, "name"));
  }
  const auto has = [&](const char* name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  EXPECT_TRUE(has("virtualmachines/status"));
  EXPECT_TRUE(has("virtualmachineinstances"));
  EXPECT_FALSE(has("virtualmachineinstances/status"));
  EXPECT_EQ(client_.Status("GET", "/apis/nobody.io"), 404);
  EXPECT_EQ(client_.Status("GET", "/openapi/v2"), 404);
}

TEST_F(ApiListTest, AnInstalledDefinitionIsDiscoveredAndARemovedOneIsNot) {
  const kube::ResourceType type{"example.org", "v2", "things", "Thing", false};
  EXPECT_EQ(client_.Status("GET", "/apis/example.org/v2/things"), 404);
  ASSERT_TRUE(server_->InstallCrd(type, false));
  EXPECT_EQ(client_.Get("/apis/example.org/v2")["resources"][0]["kind"], "Thing");
  EXPECT_EQ(client_.Get("/apis/example.org/v2/things")["kind"], "ThingList");
  EXPECT_EQ(client_.Status("DELETE",
                           "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"
                           "things.example.org"),
            200);
  EXPECT_EQ(client_.Status("GET", "/apis/example.org/v2/things"), 404);
  EXPECT_EQ(client_.Status("GET", "/apis/example.org"), 404);
}

TEST_F(ApiListTest, AListCarriesItsVersionAndItsItems) {
  Seed(kVm, "one");
  Seed(kVm, "two");
  const Json list = client_.Get(kAllVms);
  EXPECT_EQ(list["kind"], "VirtualMachineList");
  EXPECT_EQ(list["apiVersion"], "kubevirt.io/v1");
  EXPECT_EQ(list["metadata"]["resourceVersion"], std::to_string(server_->store().revision()));
  EXPECT_EQ(NamesOf(list), "one two");
  EXPECT_EQ(NamesOf(client_.Get("/apis/kubevirt.io/v1/namespaces/b/virtualmachines")), "");
}

TEST_F(ApiListTest, PagesShowTheListAsItWasWhenItBegan) {
  for (const char* name : {"a", "b", "c", "d", "e"}) Seed(kVm, name);
  const Json first = client_.Get(std::string(kVms) + "?limit=2");
  EXPECT_EQ(NamesOf(first), "a b");
  EXPECT_EQ(first["metadata"]["remainingItemCount"], 3);
  ASSERT_EQ(client_.Status("DELETE", std::string(kVms) + "/c"), 200);
  const std::string token = TextOf(first["metadata"], "continue");
  const Json second = client_.Get(std::string(kVms) + "?limit=2&continue=" + token);
  EXPECT_EQ(NamesOf(second), "c d");
  EXPECT_EQ(second["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
  const Json last = client_.Get(std::string(kVms) +
                                "?limit=2&continue=" + TextOf(second["metadata"], "continue"));
  EXPECT_EQ(NamesOf(last), "e");
  EXPECT_FALSE(last["metadata"].contains("continue"));
}

TEST_F(ApiListTest, AnExpiredOrForeignContinueTokenIsRefused) {
  for (const char* name : {"a", "b", "c"}) Seed(kVm, name);
  const std::string token =
      TextOf(client_.Get(std::string(kVms) + "?limit=1")["metadata"], "continue");
  EXPECT_EQ(client_.Status("GET", std::string(kPods) + "?limit=1&continue=" + token), 400);
  EXPECT_EQ(client_.Status("GET", std::string(kVms) + "?limit=1&continue=x"), 400);
  server_->ExpireContinueTokens();
  const auto expired = client_.Call("GET", std::string(kVms) + "?limit=1&continue=" + token);
  EXPECT_EQ(expired.status, 410);
  EXPECT_EQ(Json::parse(expired.body)["reason"], "Expired");
}

TEST_F(ApiListTest, ALimitIsIgnoredWhenAnyVersionWillDo) {
  for (const char* name : {"a", "b", "c"}) Seed(kVm, name);
  EXPECT_EQ(NamesOf(client_.Get(std::string(kVms) + "?limit=1&resourceVersion=0")), "a b c");
}

TEST_F(ApiListTest, AVersionFromTheFutureIsTooLarge) {
  const auto response = client_.Call("GET", std::string(kVms) + "?resourceVersion=999999");
  EXPECT_EQ(response.status, 504);
  EXPECT_EQ(Json::parse(response.body)["details"]["causes"][0]["reason"],
            "ResourceVersionTooLarge");
}

TEST_F(ApiListTest, SelectorsNarrowAList) {
  Seed(kVm, "db1", {{"app", "db"}});
  Seed(kVm, "db2", {{"app", "db"}, {"old", "yes"}});
  Seed(kVm, "web", {{"app", "web"}});
  const std::string path = kAllVms;
  EXPECT_EQ(NamesOf(client_.Get(path + "?labelSelector=app%3Ddb%2C%21old")), "db1");
  EXPECT_EQ(NamesOf(client_.Get(path + "?labelSelector=app+in+(web)")), "web");
  EXPECT_EQ(NamesOf(client_.Get(path + "?fieldSelector=metadata.name%3Dweb")), "web");
  EXPECT_EQ(client_.Status("GET", path + "?labelSelector=a+b"), 400);
  EXPECT_EQ(client_.Status("GET", path + "?fieldSelector=spec.x%3Dy"), 400);
}

TEST_F(ApiListTest, PodsAreFoundByTheirNode) {
  Json pod = Named("p");
  pod["spec"] = {{"nodeName", "n1"}};
  ASSERT_TRUE(server_->Seed(kPod, pod));
  Seed(kPod, "q");
  EXPECT_EQ(NamesOf(client_.Get("/api/v1/pods?fieldSelector=spec.nodeName%3Dn1")), "p");
}

TEST_F(ApiListTest, ADenyRuleIsA403ThatSaysWhoCannotDoWhat) {
  server_->access().AddToken("t2", "reader");
  server_->access().Deny({.user = "reader", .verb = "list", .resource = "virtualmachines"});
  EXPECT_EQ(client_.Status("GET", kAllVms), 200);
  client_.set_token("t2");
  const auto refused = client_.Call("GET", kAllVms);
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(Json::parse(refused.body)["message"],
            "virtualmachines.kubevirt.io is forbidden: User \"reader\" cannot list resource "
            "\"virtualmachines\" in API group \"kubevirt.io\" at the cluster scope");
  EXPECT_EQ(client_.Status("GET", kPods), 200);
  server_->access().AllowAll();
  EXPECT_EQ(client_.Status("GET", kAllVms), 200);
  server_->access().RevokeToken("t2");
  EXPECT_EQ(client_.Status("GET", kAllVms), 401);
}

TEST_F(ApiListTest, GetFindsOneObject) {
  Seed(kVm, "one");
  EXPECT_EQ(client_.Get(std::string(kVms) + "/one")["kind"], "VirtualMachine");
  const auto missing = client_.Call("GET", std::string(kVms) + "/two");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(Json::parse(missing.body)["message"], "virtualmachines.kubevirt.io \"two\" not found");
}

TEST(ApiTlsTest, TheServersCertificateIsSignedByItsAuthorityAndCanExpire) {
  auto server = ApiServer::Start({});
  ASSERT_TRUE(server) << server.error().message;
  ApiClient client(**server);
  EXPECT_EQ(client.Status("GET", "/version"), 200);
  ASSERT_TRUE((*server)->UseCertificate(ApiServer::Certificate::kExpired));
  auto transport = http::MakeCurlTransport("test");
  auto response = transport->Call(client.Request("GET", "/version"), {});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kTls);
  ASSERT_TRUE((*server)->UseCertificate(ApiServer::Certificate::kGood));
  EXPECT_EQ(client.Status("GET", "/version"), 200);
}

TEST(ApiDownTest, ADownServerRefusesAndComesBackWithItsObjects) {
  auto server = StartServer();
  ASSERT_TRUE(server->Seed(kVm, Named("one")));
  ApiClient client(*server);
  const std::string url = server->url();
  server->GoDown();
  auto transport = http::MakeCurlTransport("test");
  const auto refused = transport->Call(client.Request("GET", "/version"), {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  ASSERT_TRUE(server->ComeUp());
  EXPECT_EQ(server->url(), url);
  EXPECT_EQ(client.Status("GET", std::string(kVms) + "/one"), 200);
}

}  // namespace
}  // namespace virtlens::sim::testing
