#include "exporter/scrape/discovery.h"

#include <gtest/gtest.h>

#include "exporter/decode/decode.h"

namespace virtlens::exporter {
namespace {

// A Pod as virt-operator or cdi-operator makes it.
struct PodText {
  std::string space = "kubevirt";
  std::string name = "virt-handler-x7k2p";
  std::string labels = R"("kubevirt.io":"virt-handler","prometheus.kubevirt.io":"")";
  std::string node = "node-1";
  std::string address = "10.0.0.7";
  std::string port_name = "metrics";
  std::string phase = "Running";
  std::string created = "2026-01-01T00:00:00Z";
  std::string deleted{};

  std::string text() const {
    const std::string going = deleted.empty() ? "" : R"(,"deletionTimestamp":")" + deleted + R"(")";
    return R"({"metadata":{"name":")" + name + R"(","namespace":")" + space +
           R"(","creationTimestamp":")" + created + R"(")" + going + R"(,"labels":{)" + labels +
           R"(}},"spec":{"nodeName":")" + node +
           R"(","containers":[{"name":"side"},{"name":"main","ports":[{"name":"x","containerPort":1},)"
           R"({"name":")" +
           port_name + R"(","containerPort":8443}]}]},"status":{"phase":")" + phase +
           R"(","podIP":")" + address + R"("}})";
  }
  ComponentPodRow row() const {
    const PaddedObject object(text());
    auto row = DecodeComponentPod(object.view());
    EXPECT_TRUE(row) << row.error().message;
    return row ? *row : ComponentPodRow{};
  }
};

PodText CdiPod(const std::string& space, const std::string& name, const std::string& component) {
  return {
      .space = space,
      .name = name,
      .labels = R"("cdi.kubevirt.io":")" + component + R"(","prometheus.cdi.kubevirt.io":"true")"};
}

std::vector<Target> FindKubeVirt(const std::vector<PodText>& pods,
                                 const ComponentScrapeOptions& options = {}) {
  DiscoveryInputs inputs{.kubevirt_ca = "PEM"};
  for (const PodText& pod : pods) inputs.kubevirt_pods.push_back(pod.row());
  return FindTargets(inputs, options, {});
}

std::vector<Target> FindCdi(const std::vector<PodText>& pods,
                            const ComponentScrapeOptions& options) {
  DiscoveryInputs inputs{.kubevirt_ca = "PEM"};
  for (const PodText& pod : pods) inputs.cdi_pods.push_back(pod.row());
  return FindTargets(inputs, options, {});
}

TEST(ComponentPod, ReadsWhatDiscoveryNeeds) {
  const ComponentPodRow row = PodText{}.row();
  EXPECT_EQ(row.kubevirt_component, "virt-handler");
  EXPECT_EQ(row.cdi_component, "");
  EXPECT_EQ(row.node, "node-1");
  EXPECT_EQ(row.address, "10.0.0.7");
  EXPECT_EQ(row.metrics_port, 8443);
  EXPECT_TRUE(row.running);
  const PaddedObject nameless(R"({"metadata":{}})");
  EXPECT_EQ(DecodeComponentPod(nameless.view()).error().code, Code::kDecode);
}

TEST(Discovery, AVirtHandlerIsItsNodeVerifiedByTheNameInItsCertificate) {
  const auto targets = FindKubeVirt({{}});
  ASSERT_EQ(targets.size(), 1u);
  const Target& target = targets[0];
  EXPECT_EQ(target.key, (TargetKey{Component::kVirtHandler, "node-1"}));
  EXPECT_EQ(target.url, "https://10.0.0.7:8443/metrics");
  EXPECT_EQ(target.tls.ca_pem, "PEM");
  EXPECT_EQ(target.tls.server_name, "virt-handler.kubevirt.svc");
  EXPECT_FALSE(target.tls.insecure_skip_verify);
  EXPECT_EQ(target.bearer_token_file, "");
}

TEST(Discovery, EveryKubeVirtComponentIsFoundAndOthersAreNot) {
  const auto labelled = [](const std::string& component) {
    return PodText{.name = component + "-abc",
                   .labels = R"("kubevirt.io":")" + component + R"(")",
                   .node = "",
                   .address = "fd00::7"};
  };
  const auto targets =
      FindKubeVirt({labelled("virt-controller"), labelled("virt-api"), labelled("virt-operator"),
                    labelled("virt-launcher"), labelled("virt-handler")});
  ASSERT_EQ(targets.size(), 3u) << "a virt-handler without a node is not one";
  EXPECT_EQ(targets[0].key, (TargetKey{Component::kVirtController, "virt-controller-abc"}));
  EXPECT_EQ(targets[0].url, "https://[fd00::7]:8443/metrics");
  EXPECT_EQ(targets[1].tls.server_name, "virt-api.kubevirt.svc");
  EXPECT_EQ(targets[2].tls.server_name, "kubevirt-operator-webhook.kubevirt.svc");
}

TEST(Discovery, ATenantsPodThatClaimsToBeVirtHandlerIsNotBelieved) {
  EXPECT_TRUE(FindKubeVirt({{.space = "tenant-a"}}).empty());
  ComponentScrapeOptions options;
  options.kubevirt_namespace = "kubevirt-hyperconverged";
  EXPECT_TRUE(FindKubeVirt({{}}, options).empty());
  const auto targets = FindKubeVirt({{.space = "kubevirt-hyperconverged"}}, options);
  ASSERT_EQ(targets.size(), 1u);
  EXPECT_EQ(targets[0].tls.server_name, "virt-handler.kubevirt-hyperconverged.svc");
}

TEST(Discovery, APodThatCannotAnswerIsNoTarget) {
  EXPECT_TRUE(FindKubeVirt({{.address = ""}}).empty());
  EXPECT_TRUE(FindKubeVirt({{.port_name = "http"}}).empty());
  EXPECT_TRUE(FindKubeVirt({{.phase = "Pending"}}).empty());
}

TEST(Discovery, OfTwoVirtHandlersOfANodeTheOneThatStaysIsScraped) {
  const PodText old{.name = "old", .address = "10.0.0.1"};
  const PodText young{.name = "young", .address = "10.0.0.2", .created = "2026-02-01T00:00:00Z"};
  PodText going = young;
  going.deleted = "2026-03-01T00:00:00Z";
  EXPECT_EQ(FindKubeVirt({old, young}).at(0).url, "https://10.0.0.2:8443/metrics");
  EXPECT_EQ(FindKubeVirt({old, going}).at(0).url, "https://10.0.0.1:8443/metrics");
  EXPECT_EQ(FindKubeVirt({going}).size(), 1u) << "it still answers";
}

TEST(Discovery, CdiGetsTheTokenAndIsLeftAloneUntilTheConfigSpeaksOfIt) {
  const std::vector<PodText> pods = {CdiPod("cdi", "cdi-deployment-1", "cdi-deployment"),
                                     CdiPod("cdi", "cdi-operator-1", "cdi-operator"),
                                     CdiPod("tenant-a", "fake", "cdi-deployment"),
                                     CdiPod("cdi", "cdi-apiserver-1", "cdi-apiserver")};
  ComponentScrapeOptions options;
  EXPECT_TRUE(FindCdi(pods, options).empty());
  ComponentScrapeOptions without_token;
  without_token.cdi_insecure_skip_verify = true;
  EXPECT_EQ(FindCdi(pods, without_token).size(), 2u);
  options.cdi_bearer_token_file = "/token";
  options.cdi_ca_file = "/ca.pem";
  const auto targets = FindCdi(pods, options);
  ASSERT_EQ(targets.size(), 2u);
  EXPECT_EQ(targets[0].key, (TargetKey{Component::kCdiController, "cdi-deployment-1"}));
  EXPECT_EQ(targets[1].key, (TargetKey{Component::kCdiOperator, "cdi-operator-1"}));
  for (const Target& target : targets) {
    EXPECT_EQ(target.bearer_token_file, "/token");
    EXPECT_EQ(target.tls.ca_file, "/ca.pem");
    EXPECT_FALSE(target.tls.insecure_skip_verify);
  }
}

TEST(Discovery, ImportersAreTenantsPodsAndNeverGetAToken) {
  const std::vector<PodText> pods = {CdiPod("tenant-a", "importer-disk", "importer"),
                                     CdiPod("tenant-b", "importer-disk", "importer")};
  ComponentScrapeOptions options;
  options.cdi_bearer_token_file = "/token";
  EXPECT_TRUE(FindCdi(pods, options).empty()) << "only when asked for";
  options.importer_pods = true;
  const auto targets = FindCdi(pods, options);
  ASSERT_EQ(targets.size(), 2u);
  EXPECT_EQ(targets[0].key, (TargetKey{Component::kCdiImporter, "tenant-a/importer-disk"}));
  EXPECT_EQ(targets[0].bearer_token_file, "");
  EXPECT_TRUE(targets[0].tls.insecure_skip_verify);

  std::vector<PodText> many;
  for (int i = 0; i < 1100; ++i) {
    many.push_back(CdiPod("tenant-a", "importer-" + std::to_string(i), "importer"));
  }
  EXPECT_EQ(FindCdi(many, options).size(), 1000u) << "a tenant decides how many there are";
}

TEST(Discovery, AVirtHandlersStatisticsAreASecondTargetOfItsNode) {
  DiscoveryInputs inputs{.kubevirt_ca = "PEM"};
  inputs.kubevirt_pods = {PodText{}.row()};
  EXPECT_EQ(FindTargets(inputs, {}, {}).size(), 1u) << "no certificate to show";
  inputs.vmstats_certificate = "CERT";
  inputs.vmstats_key = "KEY";
  const auto targets = FindTargets(inputs, {}, {});
  ASSERT_EQ(targets.size(), 2u);
  const Target& target = targets[1];
  EXPECT_EQ(target.key, (TargetKey{Component::kVmStats, "node-1"}));
  EXPECT_EQ(target.url, "https://10.0.0.7:8187/v1/vmstats?domainStats=true&dirtyRate=true");
  EXPECT_EQ(target.post_body, R"({"allVMIs":{"domainStats":{},"dirtyRate":{}}})");
  EXPECT_EQ(target.tls.certificate_pem, "CERT");
  EXPECT_EQ(target.tls.key_pem, "KEY");
  EXPECT_EQ(target.tls.server_name, "virt-handler.kubevirt.svc");
  EXPECT_TRUE(target.optional);
  EXPECT_EQ(targets[0].tls.certificate_pem, "") << "the page needs none";
  EXPECT_EQ(FindTargets(inputs, {.vmstats = "off"}, {}).size(), 1u);
  inputs.kubevirt_pods[0].vmstats_port = 9000;
  EXPECT_TRUE(FindTargets(inputs, {}, {})[1].url.starts_with("https://10.0.0.7:9000/"));
}

TEST(Discovery, StatisticsThatAreAskedForAreMissedWhereTheyAreNot) {
  DiscoveryInputs inputs;
  inputs.kubevirt_pods = {PodText{}.row()};
  inputs.vmstats_certificate = "CERT";
  const auto targets = FindTargets(
      inputs, {.vmstats = "on", .vmstats_certificate_file = "/c.pem", .vmstats_key_file = "/k.pem"},
      {});
  ASSERT_EQ(targets.size(), 2u);
  EXPECT_FALSE(targets[1].optional);
  EXPECT_EQ(targets[1].tls.certificate_file, "/c.pem");
  EXPECT_EQ(targets[1].tls.key_file, "/k.pem");
  EXPECT_EQ(targets[1].tls.certificate_pem, "");
  EXPECT_EQ(FindTargets({.kubevirt_pods = inputs.kubevirt_pods}, {.vmstats = "on"}, {}).size(), 2u);
}

TEST(Discovery, TheLatencyExporterIsBelievedInItsNamespaceOnly) {
  const auto find = [](const std::string& space) {
    DiscoveryInputs inputs;
    inputs.latency_pods = {
        PodText{.space = "kubevirt-metrics-exporter", .name = "kme-1", .labels = ""}.row(),
        PodText{.space = "tenant-a", .name = "kme-2", .labels = "", .node = "node-2"}.row()};
    return FindTargets(inputs, {.latency_exporter_namespace = space}, {});
  };
  EXPECT_TRUE(find("").empty());
  const auto targets = find("kubevirt-metrics-exporter");
  ASSERT_EQ(targets.size(), 1u);
  EXPECT_EQ(targets[0].key, (TargetKey{Component::kLatencyExporter, "node-1"}));
  EXPECT_EQ(targets[0].url, "http://10.0.0.7:8443/metrics");
}

TEST(Discovery, AStaticTargetWinsOverAPodAndStaysWithoutDiscovery) {
  DiscoveryInputs inputs;
  inputs.kubevirt_pods.push_back(PodText{}.row());
  const std::vector<StaticTarget> configured = {
      {.url = "https://elsewhere:1/metrics", .node = "node-1", .ca_file = "/ca.pem"},
      {.component = Component::kVirtController, .url = "https://10.0.0.9:8443/metrics"}};
  auto targets = FindTargets(inputs, {}, configured);
  ASSERT_EQ(targets.size(), 2u);
  EXPECT_EQ(targets[0].url, "https://elsewhere:1/metrics");
  EXPECT_EQ(targets[0].tls.ca_file, "/ca.pem");
  EXPECT_EQ(targets[1].key.name, "10.0.0.9:8443");
  ComponentScrapeOptions off;
  off.enabled = false;
  EXPECT_EQ(FindTargets(inputs, off, configured).size(), 2u);
  EXPECT_EQ(FindTargets(inputs, off, {}).size(), 0u);
}

}  // namespace
}  // namespace virtlens::exporter
