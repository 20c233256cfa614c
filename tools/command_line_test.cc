#include "tools/command_line.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "tools/temporary_directory.h"
#include "tools/testing/text_assertions.h"

namespace virtlens::tools {
namespace {

constexpr const char* kCommands[] = {"demo",  "series",    "metrics",
                                     "actor", "apiserver", "completion"};

struct Ran {
  int code;
  std::string out;
  std::string err;
};

Ran RunWith(std::vector<const char*> words) {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  Terminal terminal{in, out, err};
  const int code = RunCommandLine(static_cast<int>(words.size()), words.data(), terminal);
  return {code, out.str(), err.str()};
}

TEST(CommandLineTest, HelpShowsEveryCommandAndExamples) {
  const Ran ran = RunWith({"virtlens", "--help"});
  EXPECT_EQ(ran.code, kExitOk);
  for (const char* command : kCommands) EXPECT_TRUE(Has(ran.out, command));
  EXPECT_TRUE(Has(ran.out, "Examples:"));
}

TEST(CommandLineTest, EveryCommandHasHelpWithExamples) {
  for (const char* command : kCommands) {
    const Ran ran = RunWith({"virtlens", command, "--help"});
    EXPECT_EQ(ran.code, kExitOk) << command;
    EXPECT_TRUE(Has(ran.out, "Examples:")) << command;
    EXPECT_TRUE(Has(ran.out, std::string("virtlens ") + command)) << command;
  }
}

TEST(CommandLineTest, VersionIsPrinted) {
  EXPECT_EQ(RunWith({"virtlens", "--version"}).out, "virtlens " VIRTLENS_VERSION "\n");
}

TEST(CommandLineTest, BadUsageIsOneLineThatSaysWhereHelpIs) {
  const Ran flag = RunWith({"virtlens", "series", "--nonsense"});
  EXPECT_EQ(flag.code, kExitBadInput);
  EXPECT_TRUE(EndsWith(flag.err, "; see virtlens series --help\n"));
  EXPECT_EQ(std::count(flag.err.begin(), flag.err.end(), '\n'), 1);
  EXPECT_EQ(RunWith({"virtlens", "demo", "--vms", "-3"}).code, kExitBadInput);
  EXPECT_EQ(RunWith({"virtlens", "metrics", "-o", "xml"}).code, kExitBadInput);
  EXPECT_EQ(RunWith({"virtlens"}).code, kExitBadInput);
}

TEST(CommandLineTest, AMistypedCommandGetsTheNearestOne) {
  const Ran ran = RunWith({"virtlens", "seires"});
  EXPECT_EQ(ran.code, kExitBadInput);
  EXPECT_EQ(ran.err,
            "virtlens: there is no command \"seires\"; did you mean \"series\"?; see virtlens "
            "--help\n");
}

TEST(CommandLineTest, AsAPluginItIsCalledKubectlVirtlens) {
  EXPECT_TRUE(Has(RunWith({"/usr/bin/kubectl-virtlens", "series", "--help"}).out,
                  "kubectl virtlens series"));
  EXPECT_TRUE(StartsWith(RunWith({"kubectl-virtlens", "series", "--bad"}).err,
                         "kubectl virtlens series: "));
}

TEST(CommandLineTest, MetricsPrintsTheCatalogInBothForms) {
  EXPECT_TRUE(Has(RunWith({"virtlens", "metrics"}).out, "virt_vm_info"));
  const auto json = nlohmann::json::parse(RunWith({"virtlens", "metrics", "-o", "json"}).out);
  EXPECT_TRUE(json["families"].contains("virt_vm_status"));
}

TEST(CompletionTest, EveryShellGetsEveryCommandAndFlag) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const Ran ran = RunWith({"virtlens", "completion", shell});
    EXPECT_EQ(ran.code, kExitOk) << shell;
    for (const char* command : kCommands) EXPECT_TRUE(Has(ran.out, command)) << shell;
    EXPECT_TRUE(Has(ran.out, "openmetrics")) << shell;
    EXPECT_TRUE(Has(ran.out, "kubeconfig-out")) << shell;
  }
  EXPECT_EQ(RunWith({"virtlens", "completion", "tcsh"}).code, kExitBadInput);
}

// What bash offers for the last of `words`.
std::string Complete(const std::string& words) {
  const auto directory = TemporaryDirectory::Create();
  const std::string script = directory->path() / "completion.bash";
  const std::string answer = directory->path() / "answer";
  EXPECT_TRUE(WritePrivateFile(script, RunWith({"virtlens", "completion", "bash"}).out));
  const std::string command = "bash -c 'source " + script + "; COMP_WORDS=(" + words +
                              "); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _virtlens; "
                              "echo ${COMPREPLY[@]}' > " +
                              answer + " 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0);  // NOLINT(concurrency-mt-unsafe)
  std::ostringstream content;
  content << std::ifstream(answer).rdbuf();
  return content.str();
}

TEST(CompletionTest, BashOffersCommandsFlagsAndValues) {
  EXPECT_EQ(Complete("virtlens se"), "series\n");
  EXPECT_EQ(Complete("virtlens series --op"), "--openmetrics\n");
  EXPECT_EQ(Complete("virtlens metrics -o js"), "json\n");
  EXPECT_EQ(Complete("virtlens completion z"), "zsh\n");
  EXPECT_EQ(Complete("virtlens actor --role pl"), "platform\n");
  EXPECT_EQ(Complete("virtlens series -f /etc/host"),
            Complete("virtlens actor --kubeconfig /etc/host"));
  EXPECT_TRUE(Has(Complete("virtlens series -f /etc/host"), "/etc/hosts"));
}

}  // namespace
}  // namespace virtlens::tools
