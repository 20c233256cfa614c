// The real kubectl against the server, over TLS and with the kubeconfig it hands out.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <memory>

#include "sim/api_server/private_directory.h"
#include "sim/api_server/testing/api_client.h"

namespace virtlens::sim::testing {
namespace {

struct Outcome {
  int status = -1;
  std::string output;  // standard output and error
};

Outcome Shell(const std::string& command) {
  Outcome outcome;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return outcome;
  std::array<char, 4096> piece{};
  while (const std::size_t size = fread(piece.data(), 1, piece.size(), pipe)) {
    outcome.output.append(piece.data(), size);
  }
  outcome.status = pclose(pipe);
  return outcome;
}

class KubectlTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (Shell("kubectl version --client").status != 0) {
      GTEST_SKIP() << "kubectl is not on PATH: not checked against the real client";
    }
    ApiServerOptions options;
    options.resources = KubeVirtResources();
    auto server = ApiServer::Start(std::move(options));
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    auto directory = PrivateDirectory::Create();
    ASSERT_TRUE(directory);
    directory_ = std::make_unique<PrivateDirectory>(std::move(*directory));
    ASSERT_TRUE(directory_->Write("kubeconfig", server_->kubeconfig()));
  }
  Outcome Kubectl(const std::string& arguments) {
    return Shell("kubectl --kubeconfig " + directory_->PathOf("kubeconfig") + " --cache-dir " +
                 directory_->PathOf("cache") + " --request-timeout=20s " + arguments);
  }
  // Applies a manifest from standard input.
  Outcome WithInput(const std::string& arguments, const Json& object) {
    EXPECT_TRUE(directory_->Write("object.json", DumpJson(object)));
    return Kubectl(arguments + " -f " + directory_->PathOf("object.json"));
  }
  static Json Vm(int cores) {
    return {{"apiVersion", "kubevirt.io/v1"},
            {"kind", "VirtualMachine"},
            {"metadata", {{"name", "one"}, {"namespace", "default"}}},
            {"spec", {{"runStrategy", "Always"}, {"cores", cores}}}};
  }

  std::unique_ptr<PrivateDirectory> directory_;
  std::unique_ptr<ApiServer> server_;
};

TEST_F(KubectlTest, ListsWhatTheServerHas) {
  const auto resources = Kubectl("api-resources");
  EXPECT_EQ(resources.status, 0) << resources.output;
  EXPECT_NE(resources.output.find("virtualmachineinstances"), std::string::npos);
  const auto spaces = Kubectl("get ns");
  EXPECT_EQ(spaces.status, 0) << spaces.output;
  EXPECT_NE(spaces.output.find("kube-system"), std::string::npos);
  const auto none = Kubectl("get vms -A");
  EXPECT_EQ(none.status, 0) << none.output;
  EXPECT_NE(none.output.find("No resources found"), std::string::npos);
}

TEST_F(KubectlTest, AppliesReadsPatchesAndDeletes) {
  auto outcome = WithInput("apply --validate=false", Vm(1));
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_NE(outcome.output.find("created"), std::string::npos) << outcome.output;
  outcome = WithInput("apply --validate=false", Vm(2));
  EXPECT_NE(outcome.output.find("configured"), std::string::npos) << outcome.output;
  outcome = Kubectl("get vm one -o jsonpath={.spec.cores}");
  EXPECT_EQ(outcome.output, "2");
  outcome = WithInput("apply --server-side --validate=false --force-conflicts", Vm(3));
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  outcome = Kubectl("patch vm one --type=merge -p '{\"spec\":{\"cores\":4}}'");
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  outcome = Kubectl("label vm one tier=back");
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  outcome = Kubectl("get vms -l tier=back -o name");
  EXPECT_EQ(outcome.output, "virtualmachine.kubevirt.io/one\n");
  outcome = Kubectl("delete vm one --timeout=20s");
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_NE(Kubectl("get vm one").output.find("NotFound"), std::string::npos);
}

// From a file: what kubectl makes itself ("create configmap --from-literal") it sends as protobuf.
TEST_F(KubectlTest, CreatesAndPatchesACoreKind) {
  const Json map = {{"apiVersion", "v1"},
                    {"kind", "ConfigMap"},
                    {"metadata", {{"name", "m"}, {"namespace", "default"}}},
                    {"data", {{"k", "v"}}}};
  auto outcome = WithInput("create --validate=false", map);
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  outcome = Kubectl("patch configmap m -p '{\"data\":{\"k\":\"w\"}}'");
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_EQ(Kubectl("get configmap m -o jsonpath={.data.k}").output, "w");
}

TEST_F(KubectlTest, WaitsForADefinitionAndSeesItGo) {
  const ServedResource thing{{"example.org", "v1", "things", "Thing", true}, false, {}, true};
  EXPECT_EQ(WithInput("create --validate=false", CrdOf(thing)).status, 0);
  const auto waited =
      Kubectl("wait --for=condition=established --timeout=20s crd/things.example.org");
  EXPECT_EQ(waited.status, 0) << waited.output;
  EXPECT_EQ(Kubectl("get things.example.org").status, 0);
  EXPECT_EQ(Kubectl("delete crd things.example.org --timeout=20s").status, 0);
}

TEST_F(KubectlTest, WatchesUntilTheServerEndsTheWatch) {
  Json vm = Vm(1);
  ASSERT_TRUE(server_->Seed(kVm, vm));
  FILE* watch = popen(("kubectl --kubeconfig " + directory_->PathOf("kubeconfig") +
                       " get vms -n default -w -o name 2>/dev/null")
                          .c_str(),
                      "r");
  ASSERT_NE(watch, nullptr);
  std::array<char, 200> line{};
  ASSERT_NE(fgets(line.data(), static_cast<int>(line.size()), watch), nullptr);
  EXPECT_STREQ(line.data(), "virtualmachine.kubevirt.io/one\n");
  vm["metadata"]["name"] = "two";
  ASSERT_TRUE(server_->Seed(kVm, vm));
  ASSERT_NE(fgets(line.data(), static_cast<int>(line.size()), watch), nullptr);
  EXPECT_STREQ(line.data(), "virtualmachine.kubevirt.io/two\n");
  server_->CutStreams();
  pclose(watch);
}

}  // namespace
}  // namespace virtlens::sim::testing
