#include "kube/config.h"

#include <gtest/gtest.h>

#include <map>

namespace virtlens::kube {
namespace {

class ConfigTest : public ::testing::Test {
 protected:
  Result<Config> Load(const std::string& kubeconfig = "", const std::string& context = "") {
    ConfigOptions options;
    options.kubeconfig = kubeconfig;
    options.context = context;
    options.environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto variable = environment_.find(name);
      if (variable == environment_.end()) return std::nullopt;
      return variable->second;
    };
    options.read_file = [this](const std::string& path) -> Result<std::string> {
      const auto file = files_.find(path);
      if (file == files_.end()) return Fail(Code::kNotFound, "cannot read " + path + ": absent");
      return file->second;
    };
    return LoadConfig(options);
  }
  std::string ErrorOf(const std::string& kubeconfig = "", const std::string& context = "") {
    const auto config = Load(kubeconfig, context);
    if (config) return "";
    EXPECT_EQ(config.error().code, Code::kInvalidArgument);
    return config.error().message;
  }
  // A kubeconfig at /k/config with one context, cluster and user.
  void Use(const std::string& cluster, const std::string& user) {
    files_["/k/config"] = "current-context: dev\ncontexts:\n- name: dev\n" +
                          std::string("  context: {cluster: c, user: u, namespace: n}\n") +
                          "clusters:\n- name: c\n  cluster: " + cluster + "\nusers:\n- name: u\n" +
                          "  user: " + user + "\n";
  }

  std::map<std::string, std::string> environment_;
  std::map<std::string, std::string> files_;
};

TEST_F(ConfigTest, ReadsEveryFieldOfACluster) {
  files_["/k/ca.crt"] = "x";
  Use("{server: 'https://h:6443/', certificate-authority: ca.crt, tls-server-name: sni, "
      "proxy-url: 'socks5://p:1'}",
      "{token: t, as: jane, as-uid: '7', as-groups: [g], as-user-extra: {k: [v, w]}}");
  const auto config = Load("/k/config");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server, "https://h:6443");
  EXPECT_EQ(config->tls.ca_file, "/k/ca.crt");
  EXPECT_EQ(config->tls.server_name, "sni");
  EXPECT_EQ(config->proxy_url, "socks5://p:1");
  EXPECT_EQ(config->token, "t");
  EXPECT_EQ(config->impersonate.user, "jane");
  EXPECT_EQ(config->impersonate.uid, "7");
  EXPECT_EQ(config->impersonate.groups, std::vector<std::string>{"g"});
  EXPECT_EQ(config->impersonate.extra.size(), 2U);
  EXPECT_EQ(config->context_namespace, "n");
  EXPECT_EQ(config->context, "dev");
  EXPECT_EQ(config->source, "/k/config");
}

TEST_F(ConfigTest, InlineDataWinsOverFiles) {
  // "-----BEGIN X" and "-----BEGIN Y"
  Use("{server: 'https://h', certificate-authority-data: LS0tLS1CRUdJTiBY, "
      "certificate-authority: absent}",
      "{client-certificate-data: LS0tLS1CRUdJTiBY, client-key-data: LS0tLS1CRUdJTiBZ}");
  const auto config = Load("/k/config");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->tls.ca_pem, "-----BEGIN X");
  EXPECT_EQ(config->tls.ca_file, "");
  EXPECT_EQ(config->tls.certificate_pem, "-----BEGIN X");
  EXPECT_EQ(config->tls.key_pem, "-----BEGIN Y");
}

TEST_F(ConfigTest, ReadsAnExecPlugin) {
  Use("{server: 'https://h'}",
      "{exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: bin/login, args: [a, b], "
      "env: [{name: N, value: V}], installHint: hint, provideClusterInfo: true}}");
  const auto config = Load("/k/config");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->exec->command, "/k/bin/login");
  EXPECT_EQ(config->exec->arguments, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(config->exec->environment[0].second, "V");
  EXPECT_EQ(config->exec->interactive_mode, "IfAvailable");
  EXPECT_TRUE(config->exec->provide_cluster_info);
}

TEST_F(ConfigTest, FilesOfKubeconfigMergeAndTheFirstWins) {
  environment_["KUBECONFIG"] = "/a/one::/absent:/b/two";
  files_["/a/one"] = "clusters:\n- {name: c, cluster: {server: 'https://one'}}\n";
  files_["/b/two"] =
      "current-context: x\nclusters:\n- {name: c, cluster: {server: 'https://two'}}\n"
      "contexts:\n- {name: x, context: {cluster: c, user: u}}\nusers:\n"
      "- {name: u, user: {tokenFile: t}}\n";
  files_["/b/t"] = "token";
  const auto config = Load();
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server, "https://one");
  EXPECT_EQ(config->token_file, "/b/t");
  EXPECT_EQ(config->source, "/a/one, /b/two");
}

TEST_F(ConfigTest, InAPodTheServiceAccountIsUsed) {
  const std::string folder = "/var/run/secrets/kubernetes.io/serviceaccount";
  environment_ = {{"KUBERNETES_SERVICE_HOST", "fd00::1"}, {"KUBERNETES_SERVICE_PORT", "443"}};
  EXPECT_NE(ErrorOf().find(folder + "/token"), std::string::npos);
  files_ = {{folder + "/token", "t"}, {folder + "/ca.crt", "c"}, {folder + "/namespace", "ns"}};
  const auto config = Load();
  ASSERT_TRUE(config);
  EXPECT_EQ(config->server, "https://[fd00::1]:443");
  EXPECT_EQ(config->token_file, folder + "/token");
  EXPECT_EQ(config->tls.ca_file, folder + "/ca.crt");
  EXPECT_EQ(config->context_namespace, "ns");
  EXPECT_EQ(config->context, "in-cluster");
  environment_["KUBERNETES_SERVICE_HOST"] = "10.0.0.1";
  EXPECT_EQ(Load()->server, "https://10.0.0.1:443");
}

TEST_F(ConfigTest, TheHomeFileComesLast) {
  environment_["HOME"] = "/home/a";
  EXPECT_EQ(ErrorOf(),
            "no kubeconfig: name one with --kubeconfig or KUBECONFIG, or run in a Pod "
            "(/home/a/.kube/config does not exist)");
  Use("{server: 'https://h'}", "{}");
  files_["/home/a/.kube/config"] = files_["/k/config"];
  EXPECT_EQ(Load()->source, "/home/a/.kube/config");
}

TEST_F(ConfigTest, AnUnknownContextIsAnsweredWithTheKnownOnes) {
  Use("{server: 'https://h'}", "{}");
  EXPECT_EQ(ErrorOf("/k/config", "prod"), "/k/config: context \"prod\" not found; it has: dev");
  EXPECT_EQ(ErrorOf("/k/config", "devv"),
            "/k/config: context \"devv\" not found; it has: dev; did you mean \"dev\"?");
}

TEST_F(ConfigTest, ErrorsNameFileLineAndRemedyAndNoSecret) {
  const auto error = [&](const std::string& cluster, const std::string& user) {
    Use(cluster, user);
    const std::string message = ErrorOf("/k/config");
    EXPECT_EQ(message.find("SECRET"), std::string::npos) << message;
    return message;
  };
  const std::string server = "{server: 'https://h'}";
  EXPECT_EQ(error("{server: h:6443}", "{}"),
            "/k/config:7: clusters[0].cluster.server: needs the server's URL, such as "
            "https://10.0.0.1:6443");
  EXPECT_EQ(error("{server: 'https://h', insecure-skip-tls-verify: maybe}", "{}"),
            "/k/config:7: clusters[0].cluster.insecure-skip-tls-verify: must be true or false");
  EXPECT_EQ(error(server, "{client-certificate: c.pem}"),
            "/k/config:10: users[0].user.client-certificate: cannot read /k/c.pem: absent");
  EXPECT_EQ(error(server, "{client-key-data: SECRET_}"),
            "/k/config:10: users[0].user.client-key-data: is not base64");
  EXPECT_NE(error(server, "{token: SECRET, username: u}").find("both a token and a username"),
            std::string::npos);
  EXPECT_NE(error(server, "{token: [SECRET]}").find("must be a text"), std::string::npos);
  EXPECT_NE(error(server, "{password: *SECRET}").find("not YAML"), std::string::npos);
  EXPECT_NE(error(server, "{auth-provider: {name: gcp}}").find("use an exec plugin"),
            std::string::npos);
  EXPECT_NE(error(server, "{exec: {apiVersion: client.authentication.k8s.io/v1, command: c}}")
                .find("interactiveMode"),
            std::string::npos);
  EXPECT_NE(error(server, "{as-groups: [g]}").find("without as"), std::string::npos);
  EXPECT_NE(error("{server: 'https://h', proxy-url: 'ftp://p'}", "{}").find("socks5"),
            std::string::npos);
}

// Whoever may write a Secret must not run commands in our Pod, nor read its files.
TEST_F(ConfigTest, AKubeconfigFromTheApiMayNeitherRunCommandsNorReadFiles) {
  const auto load = [&](const std::string& cluster, const std::string& user) {
    Use(cluster, user);
    return LoadEmbeddedConfig(files_["/k/config"], "Secret fleet/member-1");
  };
  const auto good = load("{server: 'https://h'}", "{token: t}");
  ASSERT_TRUE(good) << good.error().message;
  EXPECT_EQ(good->server, "https://h");
  EXPECT_EQ(good->token, "t");

  const std::string api =
      "{apiVersion: client.authentication.k8s.io/v1, command: /bin/sh, "
      "interactiveMode: Never}";
  const auto exec = load("{server: 'https://h'}", "{exec: " + api + "}");
  ASSERT_FALSE(exec);
  EXPECT_EQ(exec.error().message,
            "Secret fleet/member-1: runs a command for its credentials; give a token or a "
            "certificate");
  for (const char* path : {"/etc/passwd", "member-1"}) {
    EXPECT_FALSE(load("{server: 'https://h'}", "{tokenFile: " + std::string(path) + "}")) << path;
    EXPECT_FALSE(load("{server: 'https://h', certificate-authority: " + std::string(path) + "}",
                      "{token: t}"))
        << path;
  }
}

TEST_F(ConfigTest, BrokenFilesAreNamed) {
  EXPECT_EQ(ErrorOf("/absent"), "--kubeconfig: no such file: /absent");
  files_["/k/config"] = "a: [";
  EXPECT_EQ(ErrorOf("/k/config").substr(0, 11), "/k/config:1");
  files_["/k/config"] = "clusters: 5";
  EXPECT_EQ(ErrorOf("/k/config"), "/k/config:1: clusters: must be a list");
  files_["/k/config"] = "[]";
  EXPECT_EQ(ErrorOf("/k/config"), "/k/config:1: must be a map");
  files_["/k/config"] = "";
  EXPECT_EQ(ErrorOf("/k/config"), "/k/config: no current-context; name one with --context");
  files_["/k/config"] = "users:\n- {name: u}\n- {name: u}\n";
  EXPECT_NE(ErrorOf("/k/config").find("used twice"), std::string::npos);
  environment_["KUBECONFIG"] = "/x:/y";
  EXPECT_EQ(ErrorOf(), "KUBECONFIG: no such file: /x, /y");
}

}  // namespace
}  // namespace virtlens::kube
