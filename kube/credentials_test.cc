#include "kube/credentials.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/fake_clock.h"
#include "base/time.h"

namespace virtlens::kube {
namespace {

namespace fs = std::filesystem;

// A folder of its own with a plugin script in it; the script counts its runs in a file.
class CredentialsTest : public ::testing::Test {
 protected:
  CredentialsTest()
      : folder_(fs::path(::testing::TempDir()) /
                (std::string("virtlens_") +
                 ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    config_.server = "https://api.test";
  }
  ~CredentialsTest() override { fs::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
  }
  void UsePlugin(const std::string& script) {
    Write("plugin", "#!/bin/sh\necho run >> " + (folder_ / "runs").string() + "\n" + script);
    fs::permissions(folder_ / "plugin", fs::perms::owner_all);
    ExecPlugin plugin;
    plugin.api_version = "client.authentication.k8s.io/v1";
    plugin.command = folder_ / "plugin";
    plugin.interactive_mode = "Never";
    plugin.install_hint = "see the wiki";
    config_.exec = plugin;
  }
  std::size_t Runs() const {
    std::ifstream file(folder_ / "runs");
    std::size_t runs = 0;
    for (std::string line; std::getline(file, line);) ++runs;
    return runs;
  }
  static std::string Status(const std::string& members) {
    return R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{)" +
           members + "}}";
  }

  fs::path folder_;
  FakeClock clock_;
  Config config_;
};

TEST_F(CredentialsTest, TheTokenFileIsReadEveryMinuteAndAfterForget) {
  Write("token", " first \n");
  config_.token = "loses to the file";
  config_.token_file = folder_ / "token";
  Credentials credentials(config_, clock_);
  EXPECT_EQ(credentials.Get({})->authorization, "Bearer first");
  Write("token", "second");
  EXPECT_EQ(credentials.Get({})->authorization, "Bearer first");
  clock_.Advance(Duration{60'000});
  EXPECT_EQ(credentials.Get({})->authorization, "Bearer second");
  Write("token", "third");
  credentials.Forget();
  EXPECT_EQ(credentials.Get({})->authorization, "Bearer third");
  fs::remove(folder_ / "token");  // while it is being replaced
  credentials.Forget();
  EXPECT_EQ(credentials.Get({})->authorization, "Bearer third");
}

TEST_F(CredentialsTest, ATokenFileThatNeverHeldATokenIsUnauthorized) {
  config_.token_file = folder_ / "token";
  Credentials credentials(config_, clock_);
  EXPECT_EQ(credentials.Get({}).error().code, Code::kUnauthorized);
  Write("token", "two\r\nlines: x");
  const auto refused = credentials.Get({});
  EXPECT_EQ(refused.error().code, Code::kUnauthorized);
  EXPECT_EQ(refused.error().message.find("lines"), std::string::npos);
}

TEST_F(CredentialsTest, BasicAuthenticationIsEncoded) {
  config_.username = "user";
  config_.password = "pass";
  EXPECT_EQ(Credentials(config_, clock_).Get({})->authorization, "Basic dXNlcjpwYXNz");
}

TEST_F(CredentialsTest, APluginRunsOnceUntilTenSecondsBeforeItsCredentialExpires) {
  const std::string expires = FormatRfc3339(clock_.Now() + std::chrono::seconds(100));
  UsePlugin("echo '" + Status(R"("token":"t","expirationTimestamp":")" + expires + "\"") + "'");
  Credentials credentials(config_, clock_);
  EXPECT_EQ(credentials.Get({})->authorization, "Bearer t");
  clock_.Advance(Duration{89'999});
  EXPECT_TRUE(credentials.Get({}));
  EXPECT_EQ(Runs(), 1U);
  clock_.Advance(Duration{1});
  EXPECT_TRUE(credentials.Get({}));
  EXPECT_EQ(Runs(), 2U);
}

TEST_F(CredentialsTest, APluginRunsAgainAfterForgetButNotForEveryRefusedStream) {
  UsePlugin("echo '" + Status(R"("clientCertificateData":"C","clientKeyData":"K")") + "'");
  Credentials credentials(config_, clock_);
  const auto current = credentials.Get({});
  EXPECT_EQ(current->certificate_pem, "C");
  EXPECT_EQ(current->key_pem, "K");
  EXPECT_EQ(current->authorization, "");
  clock_.Advance(Duration{5'000});
  for (int stream = 0; stream < 5; ++stream) {
    credentials.Forget();
    EXPECT_TRUE(credentials.Get({}));
  }
  EXPECT_EQ(Runs(), 2U);
}

TEST_F(CredentialsTest, APluginSeesItsArgumentsItsEnvironmentAndTheCluster) {
  UsePlugin("printf '%s' \"$KUBERNETES_EXEC_INFO\" > " + (folder_ / "info").string() + "\n" +
            "echo '" + Status(R"("token":"'"$1-$EXTRA"'")") + "'");
  config_.exec->arguments = {"arg"};
  config_.exec->environment = {{"EXTRA", "env"}};
  config_.exec->provide_cluster_info = true;
  config_.tls.ca_pem = "PEM";
  EXPECT_EQ(Credentials(config_, clock_).Get({})->authorization, "Bearer arg-env");
  const auto info = nlohmann::json::parse(std::ifstream(folder_ / "info"));
  EXPECT_EQ(info["kind"], "ExecCredential");
  EXPECT_EQ(info["spec"]["interactive"], false);
  EXPECT_EQ(info["spec"]["cluster"]["server"], "https://api.test");
  EXPECT_EQ(info["spec"]["cluster"]["certificate-authority-data"], "UEVN");
}

TEST_F(CredentialsTest, AFailingPluginIsNamedWithItsHintAndWithoutItsOutput) {
  const std::pair<const char*, const char*> cases[] = {
      {"echo SECRET; exit 3", "exit status 3"},
      {"echo SECRET", "no ExecCredential"},
      {"kill -9 $$", "exit status 137"},
      {"yes SECRET", "more than 1048576 bytes"},
      {R"(echo '{"kind":"ExecCredential","apiVersion":"x","status":{"token":"SECRET"}}')",
       "another apiVersion"}};
  for (const auto& [script, reason] : cases) {
    UsePlugin(script);
    const auto refused = Credentials(config_, clock_).Get({});
    ASSERT_FALSE(refused) << script;
    EXPECT_EQ(refused.error().code, Code::kUnauthorized);
    EXPECT_NE(refused.error().message.find(reason), std::string::npos) << refused.error().message;
    EXPECT_NE(refused.error().message.find("see the wiki"), std::string::npos);
    EXPECT_EQ(refused.error().message.find("SECRET"), std::string::npos);
  }
  config_.exec->command = "virtlens-no-such-plugin";
  EXPECT_NE(Credentials(config_, clock_).Get({}).error().message.find("No such file"),
            std::string::npos);
}

TEST_F(CredentialsTest, APluginThatHangsOrLeavesAChildBehindDoesNotHoldUs) {
  UsePlugin("sleep 600");
  EXPECT_NE(
      RunExecPlugin(config_, {}, std::chrono::milliseconds(100)).error().message.find("100 ms"),
      std::string::npos);
  std::stop_source stopped;
  stopped.request_stop();
  EXPECT_EQ(RunExecPlugin(config_, stopped.get_token()).error().code, Code::kCanceled);
  UsePlugin("sleep 5 & echo '" + Status(R"("token":"t")") + "'");
  EXPECT_EQ(RunExecPlugin(config_, {}).value().token, "t");
}

TEST_F(CredentialsTest, OutputThatIsNoCredentialIsRefused) {
  const std::string version = "client.authentication.k8s.io/v1";
  for (const std::string& text :
       {std::string(), std::string("[]"), Status(""), Status(R"("token":"")"),
        Status(R"("clientCertificateData":"C")"),
        Status(R"("token":"t","expirationTimestamp":"x")"),
        std::string(
            R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1"})")}) {
    EXPECT_FALSE(ParseExecCredential(text, version)) << text;
  }
}

}  // namespace
}  // namespace virtlens::kube
