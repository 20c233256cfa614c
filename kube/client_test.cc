#include "kube/client.h"

#include <gtest/gtest.h>

#include "base/fake_clock.h"
#include "kube/testing/scripted_transport.h"

namespace virtlens::kube {
namespace {

using nlohmann::json;
using testing::Reply;
using testing::ScriptedTransport;

class ClientTest : public ::testing::Test {
 protected:
  ClientTest() { config_.server = "https://api.test/prefix"; }
  ~ClientTest() override { EXPECT_EQ(transport_.Mismatches(), ""); }

  Client Make() { return Client(config_, transport_, clock_, random_); }

  FakeClock clock_;
  Random random_{1};
  ScriptedTransport transport_{clock_};
  Config config_;
  const ResourceType vms_{"kubevirt.io", "v1", "virtualmachines", "VirtualMachine", true};
  const ResourceType nodes_{"", "v1", "nodes", "Node", false};
};

TEST(ResourcePaths, AreEncodedAndKnowTheirScope) {
  const ResourceType vms{"kubevirt.io", "v1", "virtualmachines", "VirtualMachine", true};
  const ResourceType nodes{"", "v1", "nodes", "Node", false};
  EXPECT_EQ(CollectionPath(vms), "/apis/kubevirt.io/v1/virtualmachines");
  EXPECT_EQ(ObjectPath(vms, "a b", "x/y", "status"),
            "/apis/kubevirt.io/v1/namespaces/a%20b/virtualmachines/x%2Fy/status");
  EXPECT_EQ(ObjectPath(nodes, "ignored", "n1"), "/api/v1/nodes/n1");
}

TEST_F(ClientTest, SendsCredentialsAndImpersonation) {
  config_.token = "secret";
  config_.impersonate = {"jane", "u1", {"g1", "g2"}, {{"a/b", "v"}}};
  config_.tls.server_name = "api";
  transport_.Expect("/prefix/api/v1/nodes/n1", Reply::Json({{"x", 1}}), [](const auto& request) {
    const auto& headers = request.headers;
    const bool good =
        headers.Find("Authorization") == "Bearer secret" &&
        headers.Find("Impersonate-User") == "jane" && headers.Find("Impersonate-Uid") == "u1" &&
        headers.Find("Impersonate-Group") == "g1" &&
        headers.Find("Impersonate-Extra-a%2Fb") == "v" && request.tls.server_name == "api";
    return good ? "" : "headers";
  });
  Client client = Make();
  EXPECT_EQ(client.Get(nodes_, "", "n1", {}).value(), json({{"x", 1}}));
}

TEST_F(ClientTest, WritesUseTheirMethodsTypesAndBodies) {
  const std::string object = "/prefix/apis/kubevirt.io/v1/namespaces/a/virtualmachines/vm";
  const auto sends = [](std::string type, json body) {
    return [=](const http::ClientRequest& request) -> std::string {
      return request.headers.Find("Content-Type") == type && json::parse(request.body) == body
                 ? ""
                 : "body or type";
    };
  };
  const json vm = {{"metadata", {{"name", "vm"}, {"namespace", "a"}}}};
  transport_.Expect("POST /prefix/apis/kubevirt.io/v1/namespaces/a/virtualmachines",
                    Reply::Json(vm, 201), sends("application/json", vm));
  transport_.Expect("PUT " + object + "/status", Reply::Json(vm), sends("application/json", vm));
  transport_.Expect("PATCH " + object, Reply::Json(vm),
                    sends("application/merge-patch+json", {{"a", nullptr}}));
  transport_.Expect("PATCH " + object + "?fieldManager=me%20too&force=true", Reply::Json(vm),
                    sends("application/apply-patch+yaml", vm));
  transport_.Expect("PATCH " + object + "/status?fieldManager=m", Reply::Json(vm),
                    sends("application/json-patch+json", json::array()));
  transport_.Expect("DELETE " + object, Reply::Json({}),
                    sends("application/json", {{"apiVersion", "v1"},
                                               {"kind", "DeleteOptions"},
                                               {"propagationPolicy", "Foreground"},
                                               {"preconditions", {{"uid", "u"}}}}));
  Client client = Make();
  EXPECT_TRUE(client.Create(vms_, "a", vm, {}));
  EXPECT_TRUE(client.Replace(vms_, vm, "status", {}));
  EXPECT_TRUE(client.Patch(vms_, "a", "vm", PatchType::kMerge, {{"a", nullptr}}, {}, {}));
  EXPECT_TRUE(client.Patch(vms_, "a", "vm", PatchType::kApply, vm, {"me too", true, ""}, {}));
  EXPECT_TRUE(
      client.Patch(vms_, "a", "vm", PatchType::kJson, json::array(), {"m", true, "status"}, {}));
  EXPECT_TRUE(client.Delete(vms_, "a", "vm", {"Foreground", "u", ""}, {}));
  EXPECT_EQ(client.Patch(vms_, "a", "vm", PatchType::kApply, vm, {}, {}).error().code,
            Code::kInvalidArgument);
  EXPECT_EQ(client.Replace(vms_, json::object(), "", {}).error().code, Code::kInvalidArgument);
}

TEST_F(ClientTest, RetriesWhatTheServerWantsLater) {
  transport_.Expect("/prefix/version", Reply::Refusal(429, "TooManyRequests")
                                           .With("Retry-After", "2")
                                           .With("X-Kubernetes-PF-FlowSchema-UID", "x"));
  transport_.Expect("/prefix/version",
                    Reply::Refusal(503, "ServiceUnavailable").With("Retry-After", "1"));
  transport_.Expect("/prefix/version", Reply::Json({{"major", "1"}}));
  Client client = Make();
  EXPECT_EQ(client.ServerVersion({}).value()["major"], "1");
  EXPECT_GE(clock_.Monotonic(), Duration{3'000});
  EXPECT_EQ(client.statistics().retries, 2U);
  EXPECT_EQ(client.statistics().throttled, 1U);
  EXPECT_EQ(client.statistics().requests, 3U);
}

TEST_F(ClientTest, GivesUpAfterTenRetriesAndNeverRetriesWithoutRetryAfter) {
  for (int i = 0; i < 11; ++i) {
    transport_.Expect("/prefix/version",
                      Reply::Refusal(429, "TooManyRequests").With("Retry-After", "0"));
  }
  transport_.Expect("/prefix/version", Reply::Refusal(500, "InternalError", "boom"));
  transport_.Expect("/prefix/version",
                    Reply::Refusal(503, "ServiceUnavailable").With("Retry-After", "86400"));
  Client client = Make();
  EXPECT_EQ(client.ServerVersion({}).error().code, Code::kTooManyRequests);
  EXPECT_EQ(client.ServerVersion({}).error().message, "boom");
  EXPECT_EQ(client.ServerVersion({}).error().retry_after, Duration{86'400'000});
  EXPECT_EQ(client.statistics().errors, 3U);
}

TEST_F(ClientTest, AnAnswerThatIsNotJsonIsADecodeError) {
  Reply html;
  html.pieces = {"<html>"};
  transport_.Expect("/prefix/version", html);
  Client client = Make();
  EXPECT_EQ(client.ServerVersion({}).error().code, Code::kDecode);
}

class DiscoveryTest : public ClientTest {
 protected:
  DiscoveryTest() {
    transport_.Always("/prefix/apis/kubevirt.io",
                      Reply::Json({{"versions", {{{"version", "v1"}}, {{"version", "v1alpha3"}}}},
                                   {"preferredVersion", {{"version", "v1"}}}}));
    const json served = {
        {"resources",
         {{{"name", "virtualmachines/status"}, {"kind", "VirtualMachine"}},
          {{"name", "virtualmachines"}, {"kind", "VirtualMachine"}, {"namespaced", true}}}}};
    transport_.Always("/prefix/apis/kubevirt.io/v1", Reply::Json(served));
    transport_.Always("/prefix/apis/kubevirt.io/v1alpha3", Reply::Json(served));
  }
  Result<ResourceType> Discover(const ResourceWanted& wanted) {
    return Make().Discover(wanted, {});
  }
};

TEST_F(DiscoveryTest, TakesTheFirstWantedVersionElseThePreferredOne) {
  EXPECT_EQ(Discover({"kubevirt.io", "virtualmachines", {"v2", "v1alpha3", "v1"}}).value().version,
            "v1alpha3");
  EXPECT_EQ(Discover({"kubevirt.io", "virtualmachines", {"v2"}}).value().version, "v1");
  EXPECT_EQ(Discover({"kubevirt.io", "virtualmachines", {}}).value(), vms_);
}

TEST_F(DiscoveryTest, KnowsTheCoreGroup) {
  transport_.Always(
      "/prefix/api/v1",
      Reply::Json({{"resources", {{{"name", "nodes"}, {"kind", "Node"}, {"namespaced", false}}}}}));
  EXPECT_EQ(Discover({"", "nodes", {"v1"}}).value(), nodes_);
}

TEST_F(DiscoveryTest, TellsAbsentFromForbiddenFromUnavailable) {
  EXPECT_EQ(Discover({"kubevirt.io", "unheardof", {"v1"}}).error().code, Code::kNotFound);
  transport_.Expect("/prefix/apis/none.io", Reply::Refusal(404, "NotFound"));
  EXPECT_EQ(Discover({"none.io", "x", {}}).error().code, Code::kNotFound);
  transport_.Expect("/prefix/apis/kubevirt.io", Reply::Refusal(403, "Forbidden"));
  EXPECT_EQ(Discover({"kubevirt.io", "virtualmachines", {}}).error().code, Code::kForbidden);
  transport_.Expect("/prefix/apis/kubevirt.io/v1", Reply::Refusal(503, "ServiceUnavailable"));
  EXPECT_EQ(Discover({"kubevirt.io", "virtualmachines", {}}).error().code, Code::kUnavailable);
  transport_.Expect("/prefix/apis/kubevirt.io/v1", Reply::Refusal(404, "NotFound"));
  EXPECT_EQ(Discover({"kubevirt.io", "virtualmachines", {"v1", "v1alpha3"}}).value().version,
            "v1alpha3");
}

}  // namespace
}  // namespace virtlens::kube
