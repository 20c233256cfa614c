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
  for (const std::string key : {"cdi_bearer_token_file", "importer_pods", "server_name"}) {
    EXPECT_NE(help.find("\n  " + key), std::string::npos) << key;
  }
}

TEST(Config, AnUnknownKeyNamesFileLineAndTheNearestKey) {
  EXPECT_EQ(ConfigError("cluster: a\nlisen: \":1\"\n"),
            "v.yaml:2: unknown key \"lisen\"; did you mean \"listen\"?");
}

std::string FlagError(std::vector<const char*> flags) {
  const auto parsed = Parse(std::move(flags));
  return parsed ? "" : parsed.error().message;
}

TEST(Options, LabelsOnEverySeriesMustBeNamed) {
  EXPECT_EQ(FlagError({"--vm-labels", "team,example.io/*", "--labels-on-every-series"}), "");
  EXPECT_EQ(FlagError({"--vm-labels", "*"}), "");
  EXPECT_TRUE(FlagError({"--vm-labels", "*", "--labels-on-every-series"})
                  .starts_with("labels-on-every-series: "));
  EXPECT_TRUE(FlagError({"--namespace-labels", "*", "--labels-on-every-series"})
                  .starts_with("labels-on-every-series: "));
  EXPECT_TRUE(FlagError({"--vm-annotations", "*"}).starts_with("vm-annotations, "));
}

TEST(Options, WithoutNamesResourcesThatAreRead) {
  EXPECT_EQ(FlagError({"--without", "pods,resourcequotas"}), "");
  EXPECT_EQ(FlagError({"--without", "volumesnapshots.snapshot.storage.k8s.io"}), "");
  EXPECT_EQ(FlagError({"--without", "pod"}),
            "without: \"pod\" is not read anyway; did you mean \"pods\"?");
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

TEST(Config, ComponentScrapeAndTargetsAreRead) {
  Options options;
  const auto applied = ApplyConfig("v.yaml",
                                   "component_scrape:\n"
                                   "  interval: 30s\n"
                                   "  timeout: 5s\n"
                                   "  importer_pods: true\n"
                                   "  kubevirt_namespace: hco\n"
                                   "  cdi_bearer_token_file: /token\n"
                                   "targets:\n"
                                   "  - component: virt-handler\n"
                                   "    url: https://10.0.0.7:8443/metrics\n"
                                   "    node: node-1\n"
                                   "    insecure_skip_verify: true\n"
                                   "  - {component: cdi-controller, url: \"http://[::1]:1/m\"}\n",
                                   {}, options);
  ASSERT_TRUE(applied) << applied.error().message;
  EXPECT_EQ(options.component_scrape.interval, Duration(30'000));
  EXPECT_EQ(options.component_scrape.timeout, Duration(5'000));
  EXPECT_TRUE(options.component_scrape.enabled);
  EXPECT_TRUE(options.component_scrape.importer_pods);
  EXPECT_EQ(options.component_scrape.kubevirt_namespace, "hco");
  EXPECT_EQ(options.component_scrape.cdi_bearer_token_file, "/token");
  ASSERT_EQ(options.targets.size(), 2u);
  EXPECT_EQ(options.targets[0].component, Component::kVirtHandler);
  EXPECT_EQ(options.targets[0].node, "node-1");
  EXPECT_TRUE(options.targets[0].insecure_skip_verify);
  EXPECT_EQ(options.targets[1].component, Component::kCdiController);
  EXPECT_FALSE(options.targets[1].insecure_skip_verify);
}

TEST(Config, WhatComponentScrapeDoesNotKnowIsRefusedWithItsPlace) {
  EXPECT_EQ(ConfigError("component_scrape:\n  intervall: 1s\n"),
            "v.yaml:2: unknown key \"intervall\"; did you mean \"interval\"?");
  EXPECT_EQ(ConfigError("component_scrape:\n  interval: often\n"),
            "v.yaml:2: interval: \"often\" is no duration; write it like 15s or 1m");
  EXPECT_EQ(ConfigError("component_scrape:\n  enabled: maybe\n"),
            "v.yaml:2: enabled is true or false, not \"maybe\"");
  EXPECT_EQ(ConfigError("component_scrape: 3\n"), "v.yaml:1: expected keys and values");
  EXPECT_EQ(ConfigError("targets: {}\n"), "v.yaml:1: targets is a list of maps");
  EXPECT_TRUE(ConfigError("targets:\n  - {component: virt-hanlder, url: \"http://a\"}\n")
                  .starts_with("v.yaml:2: component: \"virt-hanlder\" is none of virt-handler,"));
  EXPECT_EQ(ConfigError("targets:\n  - {component: virt-api, token: x}\n"),
            "v.yaml:2: unknown key \"token\"; see --help for the keys");
  EXPECT_EQ(ConfigError("component_scrap: {}\n"),
            "v.yaml:1: unknown key \"component_scrap\"; did you mean \"component_scrape\"?");
}

TEST(Config, ATokenGoesOverHttpsAndNeverToATenant) {
  const auto error = [](const std::string& target, const std::string& scrape = "") {
    const std::string file = testing::TempDir() + "/virtlens-targets.yaml";
    std::ofstream(file) << "targets:\n  - {" << target << "}\n" << scrape;
    const auto parsed = Parse({"--config", file.c_str()});
    return parsed ? "" : parsed.error().message;
  };
  EXPECT_EQ(error("component: virt-api, url: \"https://a:1/metrics\""), "");
  EXPECT_EQ(error("component: virt-api, url: \"ftp://a:1/metrics\""),
            "targets: url \"ftp://a:1/metrics\" begins with neither http:// nor https://");
  EXPECT_EQ(error("component: virt-api, url: \"https://me:secret@a:1/metrics\""),
            "targets: a url holds no user and password; use bearer_token_file");
  EXPECT_EQ(error("component: cdi-controller, url: \"http://a:1/m\", bearer_token_file: /t"),
            "targets: http://a:1/m: a bearer token is sent over https only");
  EXPECT_EQ(error("component: cdi-importer, url: \"https://a:1/m\", bearer_token_file: /t"),
            "targets: https://a:1/m: an importer is a tenant's Pod and gets no token");
  const std::string fine = "component: virt-api, url: \"https://a:1/metrics\"";
  EXPECT_EQ(error(fine, "component_scrape: {interval: 10ms, timeout: 10ms}\n"),
            "component_scrape: interval is at least 1s");
  EXPECT_EQ(error(fine, "component_scrape: {interval: 5s}\n"),
            "component_scrape: timeout is above 0 and at most the interval");
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

TEST(Options, UsageIsKeptOnlyWhereItIsMetered) {
  const auto parsed = Parse({"--state", "/var/lib/v.json", "--usage-interval", "60"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(std::get<Options>(*parsed).state, "/var/lib/v.json");
  EXPECT_EQ(std::get<Options>(*parsed).usage_interval, 60);
  EXPECT_FALSE(Parse({"--state", "/var/lib/v.json", "--usage-interval", "0"}));
  EXPECT_FALSE(Parse({"--usage-interval", "-1"}));
  EXPECT_FALSE(Parse({"--usage-interval", "3601"}));
}

}  // namespace
}  // namespace virtlens::exporter
