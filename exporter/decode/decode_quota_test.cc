// Launcher Pods and ResourceQuotas.
#include <gtest/gtest.h>

#include "exporter/decode/decode.h"

namespace virtlens::exporter {
namespace {

LauncherRow LauncherWith(const std::string& spec) {
  Decoder decoder;
  const PaddedObject object(R"({"metadata":{"namespace":"web","name":"p"},"spec":)" + spec + "}");
  const auto row = decoder.Launcher(object.view());
  EXPECT_TRUE(row) << row.error().message;
  return row.value_or(LauncherRow());
}

TEST(DecodeLauncher, NamesItsInstanceNodeAndPhase) {
  Decoder decoder;
  const PaddedObject object(R"({"metadata":{"namespace":"web","name":"virt-launcher-shop-x",
    "uid":"u1","labels":{"kubevirt.io":"virt-launcher"},"ownerReferences":[
      {"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstance","name":"shop",
       "controller":true}]},
    "spec":{"nodeName":"n1"},"status":{"phase":"Running"}})");
  LauncherRow expected;
  expected.meta.key = ObjectKey{Symbol("web"), "virt-launcher-shop-x"};
  expected.meta.uid = "u1";
  expected.vmi_name = "shop";
  expected.node = Symbol("n1");
  expected.phase = PodPhase::Of("Running");
  EXPECT_EQ(*decoder.Launcher(object.view()), expected);
}

TEST(DecodeLauncher, RequestsAreOfAllContainersAndTheOverhead) {
  const PodResources resources = LauncherWith(R"({"overhead":{"cpu":"50m","memory":"1Mi"},
    "containers":[
      {"name":"compute","resources":{"requests":{"cpu":"100m","memory":"2Gi"},
                                     "limits":{"memory":"3Gi"}}},
      {"name":"guest-console-log","resources":{"requests":{"cpu":"5m","memory":"35M"},
                                               "limits":{"memory":"60M"}}}]})")
                                     .resources;
  EXPECT_EQ(resources.cpu_request, 0.155) << "no 0.15500000000000003";
  EXPECT_EQ(resources.cpu_limit, 0) << "no limit is made of overhead alone";
  EXPECT_EQ(resources.memory_request, 2147483648.0 + 35e6 + 1048576);
  EXPECT_EQ(resources.memory_limit, 3221225472.0 + 60e6 + 1048576);
}

TEST(DecodeLauncher, AnInitContainerCountsWhenItNeedsMoreThanTheRest) {
  EXPECT_EQ(LauncherWith(R"({"initContainers":[
      {"resources":{"requests":{"cpu":"3"}}},
      {"restartPolicy":"Always","resources":{"requests":{"cpu":"1"}}},
      {"resources":{"requests":{"cpu":"4"}}}],
    "containers":[{"resources":{"requests":{"cpu":"2"}}}]})")
                .resources.cpu_request,
            5)
      << "the last init container runs beside the sidecar";
  EXPECT_EQ(LauncherWith(R"({"initContainers":[
      {"restartPolicy":"Always","resources":{"requests":{"cpu":"1"}}}],
    "containers":[{"resources":{"requests":{"cpu":"2"}}}]})")
                .resources.cpu_request,
            3)
      << "a sidecar runs beside the containers";
}

TEST(DecodeQuota, HoldsHardAndUsedByResource) {
  Decoder decoder;
  const PaddedObject object(R"({"metadata":{"namespace":"web","name":"q"},
    "spec":{"hard":{"pods":"99"}},
    "status":{"hard":{"requests.memory":"8Gi","pods":"10"},
              "used":{"pods":"3","requests.memory":"2Gi"}}})");
  const auto row = decoder.Quota(object.view());
  ASSERT_TRUE(row) << row.error().message;
  EXPECT_EQ(row->amounts,
            (std::vector<QuotaAmount>{{Symbol("pods"), 10, 3},
                                      {Symbol("requests.memory"), 8589934592, 2147483648}}));
}

TEST(DecodeQuota, WrongTypesNameThePlace) {
  Decoder decoder;
  const PaddedObject object(R"({"metadata":{"name":"q"},"status":{"hard":["pods"]}})");
  const auto row = decoder.Quota(object.view());
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().message, "status.hard: expected an object");
}

}  // namespace
}  // namespace virtlens::exporter
