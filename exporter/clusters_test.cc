// Several clusters against API servers in memory: what each says, and what a broken one does.
#include "exporter/clusters.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>

#include "exporter/exposition/testing/exposition_reader.h"
#include "exporter/exposition/testing/page_text.h"
#include "exporter/scrape_access.h"
#include "exporter/scrape_selection.h"
#include "kube/base64.h"
#include "sim/api_server/api_server.h"

namespace virtlens::exporter {
namespace {

using nlohmann::json;

const kube::ResourceType vm_type{"kubevirt.io", "v1", "virtualmachines", "VirtualMachine", true};
const kube::ResourceType namespace_type{"", "v1", "namespaces", "Namespace", false};
const kube::ResourceType secret_type{"", "v1", "secrets", "Secret", true};
const kube::ResourceType cluster_type{"cluster.kubesphere.io", "v1alpha1", "clusters", "Cluster",
                                      false};

std::unique_ptr<sim::ApiServer> StartServer() {
  auto server = sim::ApiServer::Start({.resources = sim::KubeVirtResources()});
  EXPECT_TRUE(server) << server.error().message;
  return std::move(*server);
}

void AddVm(sim::ApiServer& server, const std::string& name, const std::string& space = "web") {
  const json vm = {{"metadata", {{"name", name}, {"namespace", space}}},
                   {"spec", {{"runStrategy", "Halted"}}}};
  ASSERT_TRUE(server.Seed(vm_type, vm));
}

class ClustersTest : public ::testing::Test {
 protected:
  ClustersTest() : host_(StartServer()), member_(StartServer()) {
    AddVm(*host_, "on-host");
    AddVm(*member_, "on-member");
  }
  ~ClustersTest() override {
    if (clusters_) clusters_->Stop();
  }

  void Read(std::vector<MemberOptions> members, bool discover = false) {
    ClustersOptions options{
        .host = {.name = "host"}, .members = std::move(members), .discover = discover};
    options.host.component_scrape.enabled = false;
    options.interval = std::chrono::milliseconds(20);
    auto config = kube::LoadEmbeddedConfig(host_->kubeconfig(), "host");
    ASSERT_TRUE(config) << config.error().message;
    clusters_ = std::make_unique<Clusters>(std::move(options), std::move(*config), *transport_,
                                           Clock::System(), random_);
    ASSERT_TRUE(clusters_->Start());
  }
  // Whether the page comes to satisfy `wanted`.
  bool WaitFor(const std::function<bool(const std::string& text)>& wanted) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (std::chrono::steady_clock::now() < deadline) {
      text_ = PageText(*clusters_->Scrape());
      if (wanted(text_)) return true;
      std::this_thread::yield();
    }
    return false;
  }
  static bool Has(const std::string& text, const std::string& cluster, const std::string& vm) {
    return text.find("virt_vm_ready{workspace=\"\",project=\"web\",cluster=\"" + cluster +
                     "\",vm_name=\"" + vm + "\"} 0\n") != std::string::npos;
  }
  std::string KubeconfigFile(const sim::ApiServer& server) {
    const std::string path = testing::TempDir() + "/member-" +
                             testing::UnitTest::GetInstance()->current_test_info()->name();
    std::ofstream(path) << server.kubeconfig();
    return path;
  }
  json SecretWith(const std::string& kubeconfig) {
    return {{"metadata", {{"name", "m"}, {"namespace", "fleet"}}},
            {"data", {{"kubeconfig", kube::EncodeBase64(kubeconfig)}}}};
  }

  std::unique_ptr<sim::ApiServer> host_, member_;
  std::unique_ptr<http::Transport> transport_ = http::MakeCurlTransport("test");
  Random random_{1};
  std::unique_ptr<Clusters> clusters_;
  std::string text_;
};

TEST_F(ClustersTest, EachSeriesSaysItsClusterAndFamiliesStayTogether) {
  Read({{.name = "member", .kubeconfig = KubeconfigFile(*member_)}});
  ASSERT_TRUE(WaitFor([](const std::string& text) {
    return Has(text, "host", "on-host") && Has(text, "member", "on-member");
  })) << text_;
  EXPECT_FALSE(Has(text_, "host", "on-member"));
  // The reader fails on a family that comes in two pieces and on a label set that comes twice.
  const auto read = ReadExposition(text_, Format::kText);
  ASSERT_TRUE(read) << read.error().message;
}

TEST_F(ClustersTest, AMemberThatIsDownDelaysNobodyAndIsSaidToBe) {
  const std::string file = KubeconfigFile(*member_);
  member_->Stop();
  Read({{.name = "member", .kubeconfig = file}});
  ASSERT_TRUE(WaitFor([](const std::string& text) {
    return Has(text, "host", "on-host") &&
           text.find(
               "virt_source_up{cluster=\"member\",source=\"kubernetes\",resource=\"virtual"
               "machines.kubevirt.io\",reason=\"unreachable\"} 0\n") != std::string::npos;
  })) << text_;
  EXPECT_TRUE(WaitFor([&](const std::string&) { return clusters_->ready(); }));
}

TEST_F(ClustersTest, AMemberOfASecretComesChangesAndGoes) {
  Read({{.name = "member", .secret_namespace = "fleet", .secret_name = "m"}});
  ASSERT_TRUE(WaitFor([&](const std::string&) { return !clusters_->refusals().empty(); }));
  EXPECT_EQ(clusters_->refusals()[0].name, "member");

  ASSERT_TRUE(host_->Seed(secret_type, SecretWith(member_->kubeconfig())));
  ASSERT_TRUE(WaitFor([](const std::string& text) { return Has(text, "member", "on-member"); }));
  EXPECT_TRUE(clusters_->refusals().empty());

  const auto other = StartServer();
  AddVm(*other, "on-other");
  ASSERT_TRUE(host_->store().Delete(secret_type, "fleet", "m", {}));
  ASSERT_TRUE(host_->Seed(secret_type, SecretWith(other->kubeconfig())));
  ASSERT_TRUE(WaitFor([](const std::string& text) {
    return Has(text, "member", "on-other") && !Has(text, "member", "on-member");
  })) << text_;
}

TEST_F(ClustersTest, AKubeconfigThatRunsACommandIsRefused) {
  const std::string evil =
      "{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}],"
      " clusters: [{name: k, cluster: {server: 'https://h'}}], users: [{name: u, user: {exec:"
      " {apiVersion: client.authentication.k8s.io/v1, command: sh, interactiveMode: Never}}}]}";
  ASSERT_TRUE(host_->Seed(secret_type, SecretWith(evil)));
  Read({{.name = "member", .secret_namespace = "fleet", .secret_name = "m"}});
  ASSERT_TRUE(WaitFor([&](const std::string&) { return !clusters_->refusals().empty(); }));
  EXPECT_EQ(clusters_->refusals()[0].reason,
            "Secret fleet/m key kubeconfig: runs a command for its credentials; give a token or a "
            "certificate");
}

TEST_F(ClustersTest, ClusterObjectsOfKubeSphereAreMembersUntilTheyGo) {
  Read({}, true);
  ASSERT_TRUE(WaitFor([](const std::string& text) { return Has(text, "host", "on-host"); }))
      << text_;
  ASSERT_TRUE(host_->InstallCrd(cluster_type, true));
  const auto cluster = [](const std::string& name, const std::string& kubeconfig) {
    return json{{"metadata", {{"name", name}}},
                {"spec", {{"connection", {{"kubeconfig", kube::EncodeBase64(kubeconfig)}}}}}};
  };
  json host = cluster("host-itself", host_->kubeconfig());
  host["metadata"]["labels"] = {{"cluster-role.kubesphere.io/host", ""}};
  ASSERT_TRUE(host_->Seed(cluster_type, host));
  ASSERT_TRUE(host_->Seed(cluster_type, cluster("m1", member_->kubeconfig())));
  ASSERT_TRUE(WaitFor([](const std::string& text) { return Has(text, "m1", "on-member"); }));
  EXPECT_EQ(clusters_->readers().size(), 2u);

  ASSERT_TRUE(host_->store().Delete(cluster_type, "", "m1", {}));
  ASSERT_TRUE(WaitFor([](const std::string& text) {
    return text.find("cluster=\"m1\"") == std::string::npos && Has(text, "host", "on-host");
  })) << text_;
}

http::Request Asking(const std::string& query) {
  http::Request request;
  request.query = query;
  request.headers.Add("Authorization", "Bearer t");
  return request;
}

// The page that a query gets; the error's message when it is refused.
std::string Answer(Clusters& clusters, const std::string& query, ScrapeAccess* access = nullptr) {
  const auto selection = SelectScrape(Asking(query), clusters, access);
  if (!selection) return selection.error().message;
  return PageText(*clusters.Scrape(selection->clusters), Format::kText,
                  selection->scope ? &*selection->scope : nullptr);
}

TEST_F(ClustersTest, AQueryGetsItsProjectsWorkspacesAndClusters) {
  const json labels = {{"kubesphere.io/workspace", "fin"}};
  ASSERT_TRUE(host_->Seed(namespace_type, {{"metadata", {{"name", "bank"}, {"labels", labels}}}}));
  AddVm(*host_, "of-bank", "bank");
  Read({{.name = "member", .kubeconfig = KubeconfigFile(*member_)}});
  ASSERT_TRUE(WaitFor([](const std::string& text) {
    return Has(text, "host", "on-host") && Has(text, "member", "on-member") &&
           text.find("workspace=\"fin\",project=\"bank\"") != std::string::npos;
  })) << text_;

  const std::string web = Answer(*clusters_, "project=web");
  EXPECT_TRUE(Has(web, "host", "on-host") && Has(web, "member", "on-member"));
  EXPECT_EQ(web.find("bank"), std::string::npos);
  EXPECT_EQ(web.find("virt_source_up"), std::string::npos);  // the platform's, not a tenant's
  const std::string member = Answer(*clusters_, "project=web&cluster=member");
  EXPECT_TRUE(Has(member, "member", "on-member") && !Has(member, "host", "on-host"));
  const std::string finance = Answer(*clusters_, "workspace=fin");
  EXPECT_NE(finance.find("of-bank"), std::string::npos);
  EXPECT_EQ(finance.find("web"), std::string::npos);
  EXPECT_EQ(Answer(*clusters_, "project=none"), "");
  EXPECT_NE(Answer(*clusters_, "cluster=member").find("virt_source_up"), std::string::npos);
}

TEST_F(ClustersTest, ATenantGetsWhatItMayReadAndIsToldWhatNot) {
  AddVm(*host_, "of-bank", "bank");
  Read({{.name = "member", .kubeconfig = KubeconfigFile(*member_)}});
  ASSERT_TRUE(WaitFor([](const std::string& text) {
    return Has(text, "host", "on-host") && Has(text, "member", "on-member") &&
           text.find("of-bank") != std::string::npos;
  })) << text_;
  ScrapeAccess access({.authenticate = [](const std::string&) -> Result<std::optional<ScrapeUser>> {
                         return std::optional(ScrapeUser{"web-prometheus", "1", {}});
                       },
                       .allowed = [](const ScrapeUser&, const std::string& cluster,
                                     const std::string& project) -> Result<bool> {
                         return cluster == "host" && project == "web";
                       }},
                      Clock::System());
  const std::string web = Answer(*clusters_, "project=web", &access);
  EXPECT_TRUE(Has(web, "host", "on-host"));
  EXPECT_FALSE(Has(web, "member", "on-member"));  // the same project name, another's
  EXPECT_EQ(Answer(*clusters_, "project=web,bank", &access),
            "\"web-prometheus\" may not list virtualmachines.kubevirt.io in project \"bank\"");
  EXPECT_EQ(Answer(*clusters_, "", &access),
            "\"web-prometheus\" may not get /metrics, which is every project; ask for your own "
            "with ?project=");
}

}  // namespace
}  // namespace virtlens::exporter
