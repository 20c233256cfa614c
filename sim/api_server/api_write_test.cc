// Writing over HTTP: create, update, status, patch, delete.
#include <gtest/gtest.h>

#include "sim/api_server/testing/api_client.h"

namespace virtlens::sim::testing {
namespace {

constexpr const char* kMerge = "application/merge-patch+json";
constexpr const char* kApply = "application/apply-patch+yaml";
constexpr const char* kVmis = "/apis/kubevirt.io/v1/namespaces/a/virtualmachineinstances";

class ApiWriteTest : public ::testing::Test {
 protected:
  std::string Vm(const char* name) { return std::string(kVms) + "/" + name; }

  std::unique_ptr<ApiServer> server_ = StartServer();
  ApiClient client_{*server_};
};

TEST_F(ApiWriteTest, CreateAnswers201AndASecondTime409) {
  const auto created = client_.Call("POST", kVms, DumpJson(Named("one")));
  EXPECT_EQ(created.status, 201);
  EXPECT_EQ(Json::parse(created.body)["metadata"]["generation"], 1);
  const auto again = client_.Call("POST", kVms, DumpJson(Named("one")));
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(Json::parse(again.body)["reason"], "AlreadyExists");
}

TEST_F(ApiWriteTest, WhatCannotBeCreatedSaysWhy) {
  EXPECT_EQ(client_.Call("POST", kVms, "{").status, 400);
  EXPECT_EQ(client_.Call("POST", kVms, "a: b", "application/yaml").status, 415);
  EXPECT_EQ(client_.Status("POST", kVms, {{"metadata", Json::object()}}), 422);
  EXPECT_EQ(client_.Status("POST", kVms, {{"kind", "Pod"}, {"metadata", {{"name", "x"}}}}), 400);
  EXPECT_EQ(client_.Status("POST", "/apis/kubevirt.io/v1/namespaces/b/virtualmachines",
                           {{"metadata", {{"name", "x"}}}}),
            404);
}

TEST_F(ApiWriteTest, AnUpdateFromAnOldVersionIsAConflict) {
  Json one = client_.Send("POST", kVms, Named("one"));
  one["spec"]["running"] = true;
  const Json updated = client_.Send("PUT", Vm("one"), one);
  EXPECT_EQ(updated["metadata"]["generation"], 2);
  one["spec"]["running"] = false;
  const auto conflict = client_.Call("PUT", Vm("one"), DumpJson(one));
  EXPECT_EQ(conflict.status, 409);
  EXPECT_EQ(Json::parse(conflict.body)["reason"], "Conflict");
  one["metadata"].erase("resourceVersion");
  EXPECT_EQ(client_.Status("PUT", Vm("one"), one), 422);
}

TEST_F(ApiWriteTest, AnUpdateCannotChangeWhatTheServerOwns) {
  const Json created = client_.Send("POST", kVms, Named("one"));
  Json next = created;
  next["metadata"]["creationTimestamp"] = "1999-01-01T00:00:00Z";
  next["metadata"]["labels"] = {{"a", "b"}};
  const Json updated = client_.Send("PUT", Vm("one"), next);
  EXPECT_EQ(updated["metadata"]["creationTimestamp"], created["metadata"]["creationTimestamp"]);
  EXPECT_EQ(updated["metadata"]["uid"], created["metadata"]["uid"]);
  EXPECT_EQ(updated["metadata"]["generation"], 1);
  next["metadata"]["uid"] = "other";
  next["metadata"].erase("resourceVersion");
  EXPECT_EQ(client_.Status("PATCH", Vm("one"), {{"metadata", {{"uid", "other"}}}}, kMerge), 409);
}

TEST_F(ApiWriteTest, StatusAndSpecAreWrittenApartWhereStatusIsASubresource) {
  Json vm = Named("one");
  vm["status"] = {{"ready", true}};
  Json created = client_.Send("POST", kVms, vm);
  EXPECT_FALSE(created.contains("status"));
  created["status"] = {{"ready", true}};
  created["spec"]["running"] = true;
  const Json updated = client_.Send("PUT", Vm("one"), created);
  EXPECT_FALSE(updated.contains("status"));
  EXPECT_EQ(updated["spec"]["running"], true);
  Json status = updated;
  status["status"] = {{"ready", true}};
  status["spec"] = Json::object();
  const Json with_status = client_.Send("PUT", Vm("one") + "/status", status);
  EXPECT_EQ(with_status["status"]["ready"], true);
  EXPECT_EQ(with_status["spec"]["running"], true);
  EXPECT_EQ(with_status["metadata"]["generation"], updated["metadata"]["generation"]);
}

TEST_F(ApiWriteTest, StatusIsAnOrdinaryFieldWhereItIsNoSubresource) {
  Json vmi = Named("one");
  vmi["status"] = {{"phase", "Pending"}};
  EXPECT_EQ(client_.Send("POST", kVmis, vmi)["status"]["phase"], "Pending");
  const Json patched = client_.Send("PATCH", std::string(kVmis) + "/one",
                                    {{"status", {{"phase", "Running"}}}}, kMerge);
  EXPECT_EQ(patched["status"]["phase"], "Running");
  EXPECT_EQ(patched["metadata"]["generation"], 2);
  EXPECT_EQ(client_.Status("PATCH", std::string(kVmis) + "/one/status", Json::object(), kMerge),
            404);
}

TEST_F(ApiWriteTest, EveryKindOfPatchChangesTheObject) {
  client_.Send("POST", kVms, Named("one"));
  EXPECT_EQ(client_.Send("PATCH", Vm("one"), {{"spec", {{"x", 1}}}}, kMerge)["spec"]["x"], 1);
  EXPECT_EQ(client_.Send("PATCH", Vm("one"),
                         Json::array({{{"op", "replace"}, {"path", "/spec/x"}, {"value", 2}}}),
                         "application/json-patch+json")["spec"]["x"],
            2);
  EXPECT_EQ(client_.Send("PATCH", Vm("one"), {{"spec", {{"y", 3}}}},
                         "application/strategic-merge-patch+json")["spec"]["x"],
            2);
  EXPECT_EQ(client_.Status("PATCH", Vm("one"), Json::object(), "application/json"), 415);
  EXPECT_EQ(client_.Status("PATCH", Vm("none"), Json::object(), kMerge), 404);
  EXPECT_EQ(client_.Status("PATCH", Vm("one"), {{"metadata", {{"resourceVersion", "1"}}}}, kMerge),
            409);
}

TEST_F(ApiWriteTest, StatusIsPatchedThroughItsSubresource) {
  client_.Send("POST", kVms, Named("one"));
  const Json patched = client_.Send("PATCH", Vm("one") + "/status",
                                    {{"spec", {{"x", 1}}}, {"status", {{"ready", true}}}}, kMerge);
  EXPECT_EQ(patched["status"]["ready"], true);
  EXPECT_FALSE(patched["spec"].contains("x"));
}

TEST_F(ApiWriteTest, ApplyCreatesWhatIsAbsentAndMergesIntoWhatIsThere) {
  Json vm = Named("one");
  vm["spec"] = {{"a", 1}};
  EXPECT_EQ(client_.Status("PATCH", Vm("one"), vm, kApply), 400);
  EXPECT_EQ(client_.Status("PATCH", Vm("one") + "?fieldManager=test", vm, kApply), 201);
  vm["spec"] = {{"b", 2}};
  const Json merged = client_.Send("PATCH", Vm("one") + "?fieldManager=test", vm, kApply);
  EXPECT_EQ(merged["spec"], Json::parse(R"({"a":1,"b":2})"));
  EXPECT_EQ(client_.Status("PATCH", Vm("one") + "?fieldManager=test", Json::array(), kApply), 400);
}

TEST_F(ApiWriteTest, DeleteHonoursPreconditions) {
  const Json created = client_.Send("POST", kVms, Named("one"));
  EXPECT_EQ(client_.Status("DELETE", Vm("one"), {{"preconditions", {{"uid", "other"}}}}), 409);
  EXPECT_EQ(client_.Status("DELETE", Vm("one"),
                           {{"preconditions", {{"uid", created["metadata"]["uid"]}}}}),
            200);
  EXPECT_EQ(client_.Status("DELETE", Vm("one")), 404);
}

TEST_F(ApiWriteTest, DeleteCollectionTakesWhatTheSelectorMatches) {
  for (const char* name : {"one", "two", "three"}) {
    Json vm = Named(name);
    if (std::string(name) != "two") vm["metadata"]["labels"] = {{"go", "yes"}};
    client_.Send("POST", kVms, vm);
  }
  EXPECT_EQ(client_.Status("DELETE", std::string(kVms) + "?labelSelector=go%3Dyes"), 200);
  EXPECT_EQ(client_.Status("GET", Vm("one")), 404);
  EXPECT_EQ(client_.Status("GET", Vm("two")), 200);
}

TEST_F(ApiWriteTest, MethodsThatDoNotFitAreRefused) {
  EXPECT_EQ(client_.Status("PUT", kVms, Json::object()), 405);
  EXPECT_EQ(client_.Status("POST", Vm("one"), Json::object()), 405);
  EXPECT_EQ(client_.Status("POST", "/apis/kubevirt.io/v1", Json::object()), 405);
}

}  // namespace
}  // namespace virtlens::sim::testing
