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

TEST(Config, AWrongTypeNamesFileLineAndKey) {
  EXPECT_EQ(ConfigError("max_scrapes: many\n"), "v.yaml:1: max_scrapes is a number, not \"many\"");
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
