#include "exporter/options.h"

#include <gtest/gtest.h>

#include <fstream>

namespace virtlens::exporter {
namespace {

Result<std::variant<Options, ExitRequest>> Parse(std::vector<const char*> flags) {
  flags.insert(flags.begin(), "virtlens-exporter");
  return ParseOptions(static_cast<int>(flags.size()), flags.data());
}

std::string ConfigError(const std::string& content) {
  Options options;
  const auto applied = ApplyConfig("v.yaml", content, {}, options);
  return applied ? "" : applied.error().message;
}

TEST(Options, DefaultsWorkInAPod) {
  const auto parsed = Parse({});
  ASSERT_TRUE(parsed);
  const auto& options = std::get<Options>(*parsed);
  EXPECT_EQ(options.listen, ":8080");
  EXPECT_EQ(options.telemetry_listen, ":8081");
  EXPECT_EQ(options.kubeconfig, "");
}

TEST(Options, FlagsWinOverTheConfigFile) {
  const std::string file = testing::TempDir() + "/virtlens.yaml";
  std::ofstream(file)
      << "cluster: from-file\nlisten: \":1\"\nvm_labels: [app, team]\nmax_scrapes: 3\n";
  const auto parsed = Parse({"--config", file.c_str(), "--listen", ":2"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  const auto& options = std::get<Options>(*parsed);
  EXPECT_EQ(options.cluster, "from-file");
  EXPECT_EQ(options.listen, ":2");
  EXPECT_EQ(options.vm_labels, (std::vector<std::string>{"app", "team"}));
  EXPECT_EQ(options.max_scrapes, 3);
}

TEST(Options, EveryFlagIsAKeyAndIsInTheHelpWithItsDefault) {
  const auto parsed = Parse({"--help"});
  ASSERT_TRUE(parsed);
  const std::string& help = std::get<ExitRequest>(*parsed).text;
  for (const std::string& flag : FlagNames()) EXPECT_NE(help.find(flag), std::string::npos) << flag;
  EXPECT_NE(help.find("ADDR:PORT=:8080"), std::string::npos) << help;
}

TEST(Config, AnUnknownKeyNamesFileLineAndTheNearestKey) {
  EXPECT_EQ(ConfigError("cluster: a\nlisen: \":1\"\n"),
            "v.yaml:2: unknown key \"lisen\"; did you mean \"listen\"?");
}

TEST(Config, ClustersAreReadWithTheirKubeconfigOrSecret) {
  Options options;
  ASSERT_TRUE(ApplyConfig("v.yaml",
                          "clusters:\n- {name: a, kubeconfig: /k, context: c}\n"
                          "- {name: b, secret: {namespace: s, name: t}}\n",
                          {}, options));
  ASSERT_EQ(options.clusters.size(), 2u);
  EXPECT_EQ(options.clusters[0], (MemberOptions{.name = "a", .kubeconfig = "/k", .context = "c"}));
  EXPECT_EQ(options.clusters[1],
            (MemberOptions{.name = "b", .secret_namespace = "s", .secret_name = "t"}));
}

TEST(Config, ABadClusterNamesFileLineAndRemedy) {
  EXPECT_EQ(ConfigError("clusters: a\n"), "v.yaml:1: clusters is a list, write - name: ...");
  EXPECT_EQ(ConfigError("clusters:\n- {name: a, kubeconfg: /k}\n"),
            "v.yaml:2: clusters: unknown key \"kubeconfg\"; did you mean \"kubeconfig\"?");
  EXPECT_EQ(ConfigError("clusters:\n- {name: a}\n"),
            "v.yaml:2: clusters: \"a\" needs one of kubeconfig and secret");
  EXPECT_EQ(ConfigError("clusters:\n- {name: a, kubeconfig: /k}\n- {name: a, kubeconfig: /l}\n"),
            "v.yaml:3: clusters: \"a\" is there twice; every cluster needs its own name");
  EXPECT_EQ(ConfigError("clusters:\n- {name: a, secret: {name: t}}\n"),
            "v.yaml:2: clusters: secret: needs namespace and name");
}

TEST(Config, AWrongTypeNamesFileLineAndKey) {
  EXPECT_EQ(ConfigError("max_scrapes: many\n"), "v.yaml:1: max_scrapes is a number, not \"many\"");
  EXPECT_EQ(ConfigError("auth: maybe\n"), "v.yaml:1: auth is true or false, not \"maybe\"");
  EXPECT_EQ(ConfigError("vm_labels: app\n"), "v.yaml:1: vm_labels is a list, write [a, b]");
  EXPECT_EQ(ConfigError("cluster: [a]\n"), "v.yaml:1: cluster is one value, not a list or map");
  EXPECT_EQ(ConfigError("- a\n"), "v.yaml:1: expected keys and values");
}

TEST(Config, WhatIsNoYamlSaysWhere) {
  EXPECT_TRUE(ConfigError("cluster: a\n  listen: [\n").starts_with("v.yaml:2: not YAML: "))
      << ConfigError("cluster: a\n  listen: [\n");
}

TEST(Options, WhatCannotWorkIsRefusedAtOnce) {
  for (const std::vector<const char*>& flags :
       std::vector<std::vector<const char*>>{{"--log-level", "loud"},
                                             {"--log-format", "xml"},
                                             {"--tls-cert", "a.pem"},
                                             {"--tls-client-ca", "ca.pem"},
                                             {"--max-scrapes", "0"},
                                             {"--max-scrapes", "x"},
                                             {"--config", "/does/not/exist"},
                                             {"--frobnicate"}}) {
    const auto parsed = Parse(flags);
    ASSERT_FALSE(parsed) << flags[0];
    EXPECT_EQ(parsed.error().code, Code::kInvalidArgument);
    EXPECT_FALSE(parsed.error().message.empty());
  }
}

}  // namespace
}  // namespace virtlens::exporter
