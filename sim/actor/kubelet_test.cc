#include "sim/actor/kubelet.h"

#include <gtest/gtest.h>

#include "sim/actor/importer.h"

namespace virtlens::sim::actor {
namespace {

using std::chrono::seconds;

const WallTime kNow{seconds(1'700'000'000)};
const Pace kPace{1, 1.0};

Json Launcher() {
  return Json::parse(R"({
    "metadata": {"name": "virt-launcher-web-x", "namespace": "shop", "uid": "p1",
                 "creationTimestamp": "2023-11-14T22:13:20Z",
                 "labels": {"kubevirt.io": "virt-launcher"}},
    "spec": {"nodeSelector": {"kubevirt.io/schedulable": "true", "kubernetes.io/arch": "amd64",
                              "machine-type.node.kubevirt.io/q35": "true"},
             "containers": [{"name": "compute", "image": "quay.io/kubevirt/virt-launcher:v1.7.0"},
                            {"name": "guest-console-log", "image": "quay.io/a/b@sha256:12"}]},
    "status": {"phase": "Pending"}})");
}

PodContext TwoNodes() {
  PodContext context;
  context.nodes = {"node-01", "node-02"};
  return context;
}

TEST(Kubelet, BindsAPodAwayFromTheNodesOfItsSiblings) {
  PodContext context = TwoNodes();
  context.avoided_nodes = {"node-01"};
  const Decision decision = DecidePod(Launcher(), context, kPace, kNow);
  ASSERT_EQ(decision.writes.size(), 1U);
  EXPECT_EQ(decision.writes[0].verb, Verb::kBind);
  EXPECT_EQ(decision.writes[0].body["target"]["name"], "node-02");
}

TEST(Kubelet, SaysWhyAPodFitsNowhere) {
  Json pod = Launcher();
  pod["spec"]["nodeSelector"]["zone"] = "moon";
  const Decision decision = DecidePod(pod, TwoNodes(), kPace, kNow);
  ASSERT_EQ(decision.writes.size(), 1U);
  const Json& condition = decision.writes[0].body["status"]["conditions"][0];
  EXPECT_EQ(condition["type"], "PodScheduled");
  EXPECT_EQ(condition["reason"], "Unschedulable");
}

TEST(Kubelet, RunsABoundPodWithDigestsInItsImageIds) {
  Json pod = Launcher();
  pod["spec"]["nodeName"] = "node-01";
  EXPECT_TRUE(DecidePod(pod, TwoNodes(), kPace, kNow).again);
  const Decision decision = DecidePod(pod, TwoNodes(), kPace, kNow + seconds(5));
  ASSERT_EQ(decision.writes.size(), 1U);
  const Json& status = decision.writes[0].body["status"];
  EXPECT_EQ(status["phase"], "Running");
  ASSERT_EQ(status["containerStatuses"].size(), 2U);
  for (const Json& one : status["containerStatuses"]) {
    EXPECT_TRUE(one["ready"]);
    EXPECT_NE(Text(one, "imageID").find("@sha256:"), std::string::npos);
  }
}

TEST(Kubelet, EndsTheLauncherOfAGuestThatEnded) {
  Json pod = Launcher();
  pod["spec"]["nodeName"] = "node-01";
  pod["status"]["phase"] = "Running";
  PodContext context = TwoNodes();
  EXPECT_TRUE(DecidePod(pod, context, kPace, kNow).writes.empty());
  context.vmi_phase = "Failed";
  const Decision decision = DecidePod(pod, context, kPace, kNow);
  ASSERT_EQ(decision.writes.size(), 1U);
  EXPECT_EQ(decision.writes[0].body["status"]["phase"], "Failed");
}

TEST(Kubelet, FinishesADeletionAndLeavesPodsOfALostNodeAlone) {
  Json pod = Launcher();
  pod["spec"]["nodeName"] = "node-01";
  pod["metadata"]["deletionTimestamp"] = Stamp(kNow);
  PodContext context = TwoNodes();
  ASSERT_EQ(DecidePod(pod, context, kPace, kNow).writes.size(), 1U);
  EXPECT_EQ(DecidePod(pod, context, kPace, kNow).writes[0].verb, Verb::kDeleteNow);
  context.not_ours = true;
  EXPECT_TRUE(DecidePod(pod, context, kPace, kNow).writes.empty());
}

TEST(Kubelet, KeepsALauncherUntilItsGuestHasShutDown) {
  Json pod = Launcher();
  pod["spec"]["nodeName"] = "node-01";
  pod["metadata"]["deletionTimestamp"] = Stamp(kNow);
  PodContext context = TwoNodes();
  context.guest_stopping = true;
  EXPECT_TRUE(DecidePod(pod, context, kPace, kNow).writes.empty());
}

Json Importer() {
  Json pod = Launcher();
  pod["metadata"]["labels"] = {{"app", "containerized-data-importer"},
                               {"cdi.kubevirt.io", "importer"}};
  pod["spec"]["nodeName"] = "node-01";
  pod["status"] = {{"phase", "Running"}, {"startTime", Stamp(kNow)}};
  return pod;
}

TEST(Importer, SucceedsWithTheMessageThatCdiParses) {
  EXPECT_TRUE(DecidePod(Importer(), TwoNodes(), kPace, kNow).again);
  const Decision decision = DecidePod(Importer(), TwoNodes(), kPace, kNow + seconds(20));
  ASSERT_EQ(decision.writes.size(), 1U);
  const Json& status = decision.writes[0].body["status"];
  EXPECT_EQ(status["phase"], "Succeeded");
  EXPECT_EQ(status["containerStatuses"][0]["state"]["terminated"]["message"],
            R"({"message":"Import Complete"})");
}

TEST(Importer, CrashesAgainAndAgainAndNeverWritesTheSameCountTwice) {
  Json pod = Importer();
  PodContext context = TwoNodes();
  context.behavior = Behavior::kImportFail;
  const Decision first = DecidePod(pod, context, kPace, kNow + seconds(9));
  ASSERT_EQ(first.writes.size(), 1U);
  const Json& container = first.writes[0].body["status"]["containerStatuses"][0];
  EXPECT_EQ(container["restartCount"], 2);
  EXPECT_EQ(container["state"]["waiting"]["reason"], "CrashLoopBackOff");
  pod["status"]["containerStatuses"] = first.writes[0].body["status"]["containerStatuses"];
  EXPECT_TRUE(DecidePod(pod, context, kPace, kNow + seconds(9)).writes.empty());
  EXPECT_FALSE(DecidePod(pod, context, kPace, kNow + seconds(17)).writes.empty());
}

TEST(Importer, StallsForEver) {
  PodContext context = TwoNodes();
  context.behavior = Behavior::kImportStall;
  const Decision decision = DecidePod(Importer(), context, kPace, kNow + seconds(9999));
  EXPECT_TRUE(decision.writes.empty());
  EXPECT_FALSE(decision.again);
}

TEST(Importer, ProvisionsAVolumeThatNamesItsClaim) {
  const Json claim = Json::parse(R"({
    "metadata": {"name": "root", "namespace": "shop", "uid": "c1",
                 "creationTimestamp": "2023-11-14T22:13:20Z"},
    "spec": {"accessModes": ["ReadWriteMany"], "storageClassName": "fast", "volumeMode": "Block",
             "resources": {"requests": {"storage": "20Gi"}}},
    "status": {"phase": "Pending"}})");
  EXPECT_TRUE(DecideClaim(claim, nullptr, true, kPace, kNow + seconds(9)).writes.empty());
  const Decision decision = DecideClaim(claim, nullptr, false, kPace, kNow + seconds(9));
  ASSERT_EQ(decision.writes.size(), 1U);
  const Json& volume = decision.writes[0].body;
  EXPECT_EQ(volume["metadata"]["name"], "pvc-c1");
  EXPECT_EQ(volume["spec"]["claimRef"]["uid"], "c1");
  EXPECT_EQ(volume["spec"]["capacity"]["storage"], "20Gi");
  EXPECT_EQ(volume["spec"]["storageClassName"], "fast");
}

}  // namespace
}  // namespace virtlens::sim::actor
