#include "tools/series.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/log.h"
#include "exporter/exposition/testing/exposition_reader.h"
#include "tools/temporary_directory.h"
#include "tools/testing/text_assertions.h"

namespace virtlens::tools {
namespace {

// An instant for which testdata/cluster.prom holds.
constexpr const char* kNow = "2026-11-21T10:00:00Z";

std::string Testdata(const std::string& name) {
  return std::string(VIRTLENS_SOURCE_DIR) + "/tools/testdata/" + name;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

struct Ran {
  int code;
  std::string out;
  std::string err;
};

Ran RunWith(SeriesOptions options, const std::string& input = "") {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  Terminal terminal{in, out, err};
  const int code = RunSeries(options, terminal);
  return {code, out.str(), err.str()};
}

Ran RunOn(const std::vector<std::string>& files, const std::string& input = "") {
  SeriesOptions options;
  options.files = files;
  options.now = kNow;
  return RunWith(options, input);
}

class SeriesTest : public testing::Test {
 protected:
  void SetUp() override {
    SetLogSink([this](std::string_view line) { log_ += line; });
  }
  void TearDown() override { SetLogSink({}); }

  std::string Write(const std::string& name, const std::string& content) {
    const std::string path = directory_->path() / name;
    EXPECT_TRUE(WritePrivateFile(path, content));
    return path;
  }

  Result<TemporaryDirectory> directory_ = TemporaryDirectory::Create();
  std::string log_;
};

// cluster.prom is the output of
//   virtlens series -f tools/testdata/cluster.yaml --now 2026-11-21T10:00:00Z
TEST_F(SeriesTest, PrintsTheGoldenExposition) {
  const Ran ran = RunOn({Testdata("cluster.yaml")});
  EXPECT_EQ(ran.code, kExitOk);
  EXPECT_EQ(ran.out, ReadFile(Testdata("cluster.prom")));
  EXPECT_EQ(ran.err,
            "virtlens: 11 objects taken, 1 ignored, 0 malformed; 1 file; as of "
            "2026-11-21T10:00:00Z\n");
}

// kinds.prom is the output of
//   virtlens series -f tools/testdata/kinds.yaml --now 2026-11-21T10:00:00Z
TEST_F(SeriesTest, EveryKindOfCustomResourceHasItsSeries) {
  const Ran ran = RunOn({Testdata("kinds.yaml")});
  EXPECT_EQ(ran.code, kExitOk);
  EXPECT_EQ(ran.out, ReadFile(Testdata("kinds.prom")));
  EXPECT_TRUE(exporter::ReadExposition(ran.out));
  EXPECT_TRUE(Has(ran.err, "27 objects taken, 0 ignored, 0 malformed"));
  EXPECT_FALSE(Has(ran.out, "s3cr3t")) << "an error's text is no label";
}

TEST_F(SeriesTest, TheFormOfTheInputDoesNotMatter) {
  const std::string golden = ReadFile(Testdata("cluster.prom"));
  for (const char* file : {"list.yaml", "list.json", "objects.json", "array.json", "dump"}) {
    EXPECT_EQ(RunOn({Testdata(file)}).out, golden) << file;
  }
  EXPECT_EQ(RunOn({"-"}, ReadFile(Testdata("cluster.yaml"))).out, golden);
  EXPECT_EQ(RunOn({"-"}, ReadFile(Testdata("list.json"))).out, golden);
  EXPECT_EQ(RunOn({Testdata("dump"), Testdata("cluster.yaml")}).out, golden) << "twice the same";
}

TEST_F(SeriesTest, IdentityComesFromWorkspaceClusterAndOwner) {
  const auto exposition = exporter::ReadExposition(RunOn({Testdata("cluster.yaml")}).out);
  ASSERT_TRUE(exposition) << exposition.error().message;
  const auto status = exposition->Samples("virt_vm_status");
  const auto labels = [](const char* workspace, const char* project, const char* name,
                         const char* value) {
    return exporter::LabelSet{{"workspace", workspace},
                              {"project", project},
                              {"cluster", "prod-1"},
                              {"vm_name", name},
                              {"status", value}};
  };
  EXPECT_EQ(status.count(labels("retail", "shop", "web", "Running")), 1U);
  EXPECT_EQ(status.count(labels("retail", "shop", "db", "Stopped")), 1U) << "Wukong's own name";
  const auto phase = exposition->Samples("virt_vm_phase");
  const exporter::LabelSet orphan{{"workspace", ""},
                                  {"project", "lab"},
                                  {"cluster", "prod-1"},
                                  {"vm_name", "scratch"},
                                  {"phase", "Scheduling"}};
  EXPECT_EQ(phase.count(orphan), 1U);
}

TEST_F(SeriesTest, ADumpHasNoSources) {
  EXPECT_FALSE(Has(RunOn({Testdata("cluster.yaml")}).out, "virt_source_"));
}

TEST_F(SeriesTest, TheClusterFlagWinsOverTheAnnotation) {
  SeriesOptions options;
  options.files = {Testdata("cluster.yaml")};
  options.cluster = "other";
  const Ran ran = RunWith(options);
  EXPECT_TRUE(Has(ran.out, R"(cluster="other")"));
  EXPECT_FALSE(Has(ran.out, R"(cluster="prod-1")"));
}

TEST_F(SeriesTest, AnOldDumpIsJudgedAsOfItsNewestHeartbeat) {
  SeriesOptions options;
  options.files = {Testdata("cluster.yaml")};
  const Ran ran = RunWith(options);
  EXPECT_TRUE(Has(ran.err, "as of 2026-11-21T09:59:30Z"));
  EXPECT_TRUE(Has(ran.out, R"(vm_name="web",state="alive")"));
  options.now = "2026-11-21T10:10:00Z";
  EXPECT_TRUE(Has(RunWith(options).out, R"(vm_name="web",state="lost")"));
}

TEST_F(SeriesTest, OpenMetricsIsReadable) {
  SeriesOptions options;
  options.files = {Testdata("list.json")};
  options.now = kNow;
  options.openmetrics = true;
  const Ran ran = RunWith(options);
  EXPECT_TRUE(ran.out.ends_with("# EOF\n"));
  EXPECT_TRUE(exporter::ReadExposition(ran.out, exporter::Format::kOpenMetrics));
}

TEST_F(SeriesTest, IllFormedUtf8IsRepaired) {
  const Ran ran = RunOn({Testdata("invalid-utf8.json")});
  EXPECT_EQ(ran.code, kExitOk);
  EXPECT_TRUE(Has(ran.out, "os=\"fedora\xEF\xBF\xBD\""));
  EXPECT_TRUE(exporter::ReadExposition(ran.out));
}

TEST_F(SeriesTest, LabelsOfVmsAreShownWhenAskedFor) {
  SeriesOptions options;
  options.files = {Testdata("cluster.yaml")};
  options.vm_labels = {"tier"};
  EXPECT_TRUE(Has(RunWith(options).out, R"(label_tier="42")"));
}

TEST_F(SeriesTest, TheRestOfMalformedObjectsIsPrinted) {
  const std::string path =
      Write("some.yaml",
            "apiVersion: kubevirt.io/v1\nkind: VirtualMachine\nmetadata: {name: 7}\n---\n"
            "apiVersion: kubevirt.io/v1\nkind: VirtualMachine\n"
            "metadata: {name: good, namespace: lab}\nspec: {runStrategy: Halted}\n");
  const Ran ran = RunOn({path});
  EXPECT_EQ(ran.code, kExitFailed);
  EXPECT_TRUE(Has(ran.out, R"(vm_name="good")"));
  EXPECT_TRUE(Has(ran.err, "1 object taken, 0 ignored, 1 malformed"));
  EXPECT_TRUE(Has(log_, "object does not decode"));
}

TEST_F(SeriesTest, ANamedFileThatIsNotYamlIsAnErrorWithItsLine) {
  const std::string path = Write("bad.yaml", "a: 1\nb: [1,\nc: }\n");
  const Ran ran = RunOn({path});
  EXPECT_EQ(ran.code, kExitBadInput);
  EXPECT_EQ(ran.out, "");
  EXPECT_TRUE(StartsWith(ran.err, "virtlens series: " + path + ":3: "));
}

TEST_F(SeriesTest, ANamedFileThatIsNotJsonIsAnErrorWithItsLine) {
  const std::string path = Write("bad.json", "{\n\"a\": 1,\n}\n");
  const Ran ran = RunOn({path});
  EXPECT_EQ(ran.code, kExitBadInput);
  EXPECT_EQ(ran.err, "virtlens series: " + path + ":3: not JSON\n");
}

TEST_F(SeriesTest, AMissingFileIsBadInput) {
  const Ran ran = RunOn({"/nowhere/at.yaml"});
  EXPECT_EQ(ran.code, kExitBadInput);
  EXPECT_EQ(ran.err, "virtlens series: /nowhere/at.yaml: cannot be read: there is no such file\n");
}

TEST_F(SeriesTest, ABrokenFileInADirectoryIsNamedAndPassedOver) {
  Write("a.json", "{\"half\":");
  Write("b.yaml",
        "apiVersion: kubevirt.io/v1\nkind: VirtualMachine\n"
        "metadata: {name: good, namespace: lab}\nspec: {runStrategy: Halted}\n");
  const Ran ran = RunOn({directory_->path()});
  EXPECT_EQ(ran.code, kExitFailed);
  EXPECT_TRUE(Has(ran.out, R"(vm_name="good")"));
  EXPECT_TRUE(Has(ran.err, "a.json:1: the JSON that starts in line 1 breaks off; skipped"));
  EXPECT_TRUE(Has(ran.err, "2 files, 1 of them broken"));
}

TEST_F(SeriesTest, AByteOrderMarkAndUtf16OfPowerShellAreRead) {
  const std::string json = R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop"}})";
  std::string utf16 = "\xff\xfe";
  for (const char c : json) utf16 += {c, '\0'};
  for (const std::string& content : {"\xef\xbb\xbf" + json, utf16}) {
    EXPECT_TRUE(Has(RunOn({Write("bom.json", content)}).err, "1 object taken"));
  }
}

TEST_F(SeriesTest, ABadInstantIsBadInput) {
  SeriesOptions options;
  options.files = {Testdata("cluster.yaml")};
  options.now = "yesterday";
  const Ran ran = RunWith(options);
  EXPECT_EQ(ran.code, kExitBadInput);
  EXPECT_TRUE(Has(ran.err, "write it like 2026-11-21T10:00:00Z"));
}

}  // namespace
}  // namespace virtlens::tools
