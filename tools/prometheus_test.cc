#include "tools/prometheus.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "base/clock.h"
#include "http/server.h"
#include "tools/temporary_directory.h"

namespace virtlens::tools {
namespace {

namespace fs = std::filesystem;

class PrometheusTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(directory_);
    unsetenv("VIRTLENS_PROMETHEUS");  // NOLINT(concurrency-mt-unsafe)
  }

  // A shell script in the place of Prometheus.
  fs::path Program(const std::string& script) {
    const fs::path path = directory_->path() / "prometheus";
    EXPECT_TRUE(WritePrivateFile(path, "#!/bin/sh\n" + script));
    fs::permissions(path, fs::perms::owner_all);
    return path;
  }

  // What a shell script says in the file `name`, as soon as it is there.
  std::string Await(const std::string& name) {
    const fs::path path = directory_->path() / name;
    while (!fs::exists(path)) Clock::System().Sleep(Duration(5), std::stop_token());
    std::string word;
    std::ifstream(path) >> word;
    return word;
  }

  Result<TemporaryDirectory> directory_ = TemporaryDirectory::Create();
};

TEST_F(PrometheusTest, IsFoundByFlagVariableAndPath) {
  const std::string program = Program("");
  EXPECT_EQ(FindPrometheus(program).value(), program);
  EXPECT_EQ(FindPrometheus(directory_->path()).value(), program);
  // NOLINTBEGIN(concurrency-mt-unsafe)
  setenv("VIRTLENS_PROMETHEUS", directory_->path().c_str(), 1);
  EXPECT_EQ(FindPrometheus("").value(), program);
  setenv("VIRTLENS_PROMETHEUS", "/nowhere", 1);
  EXPECT_EQ(FindPrometheus("").error().message,
            "VIRTLENS_PROMETHEUS: /nowhere is neither the prometheus program nor its directory");
  unsetenv("VIRTLENS_PROMETHEUS");
  const std::string path = getenv("PATH");
  setenv("PATH", ("/nowhere:" + directory_->path().string()).c_str(), 1);
  EXPECT_EQ(FindPrometheus("").value(), program);
  setenv("PATH", "/nowhere", 1);
  EXPECT_EQ(FindPrometheus("").value(), std::nullopt);
  setenv("PATH", path.c_str(), 1);
  // NOLINTEND(concurrency-mt-unsafe)
}

TEST_F(PrometheusTest, AWrongFlagIsAnError) {
  const std::string plain = directory_->path() / "notes";
  ASSERT_TRUE(WritePrivateFile(plain, ""));
  const auto found = FindPrometheus(plain);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Code::kInvalidArgument);
}

TEST_F(PrometheusTest, ItsConfigScrapesTheTargets) {
  EXPECT_EQ(PrometheusConfig({"127.0.0.1:1", "127.0.0.1:2"}, "2s"),
            "global:\n  scrape_interval: 2s\n  scrape_timeout: 2s\n"
            "scrape_configs:\n  - job_name: virtlens\n    static_configs:\n"
            "      - targets: ['127.0.0.1:1', '127.0.0.1:2']\n");
}

TEST_F(PrometheusTest, ATakenAddressGivesWayToAFreePort) {
  const auto server = http::Server::Start({}, {});
  ASSERT_TRUE(server);
  const auto address = FreeAddress((*server)->address());
  ASSERT_TRUE(address);
  EXPECT_NE(*address, (*server)->address());
  EXPECT_EQ(FreeAddress(*address).value(), *address);
  EXPECT_EQ(FreeAddress("nonsense").error().code, Code::kInvalidArgument);
  EXPECT_EQ(FreeAddress("192.0.2.1:9090").error().code, Code::kInvalidArgument);
}

TEST_F(PrometheusTest, IsEndedInOrder) {
  const std::string program = Program(
      "cd $(dirname \"$0\")\ntrap 'echo ended > end; exit' TERM\necho $4 > up\n"
      "while :; do sleep 0.01; done\n");
  {
    auto prometheus = Prometheus::Start(program, "", "127.0.0.1:1", directory_->path());
    ASSERT_TRUE(prometheus) << prometheus.error().message;
    EXPECT_EQ(Await("up"), "--log.level=warn");
    EXPECT_EQ(prometheus->Ended(), std::nullopt);
    EXPECT_EQ(prometheus->url(), "http://127.0.0.1:1");
  }
  EXPECT_TRUE(fs::exists(directory_->path() / "end"));
}

TEST_F(PrometheusTest, ItsLastWordsAreTold) {
  const std::string program = Program("echo first\necho the disk is full >&2\nexit 3\n");
  auto prometheus = Prometheus::Start(program, "", "127.0.0.1:1", directory_->path());
  ASSERT_TRUE(prometheus);
  std::optional<std::string> words;
  while (!words) {
    words = prometheus->Ended();
    Clock::System().Sleep(Duration(5), std::stop_token());
  }
  EXPECT_EQ(*words, "the disk is full");
  EXPECT_EQ(prometheus->Ended(), std::nullopt);
}

TEST(TemporaryDirectoryTest, IsPrivateAndGoneAtTheEnd) {
  fs::path path;
  {
    const auto directory = TemporaryDirectory::Create();
    ASSERT_TRUE(directory);
    path = directory->path();
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all);
    ASSERT_TRUE(WritePrivateFile(path / "secret", "x"));
    EXPECT_EQ(fs::status(path / "secret").permissions(),
              fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_EQ(WritePrivateFile(path / "no" / "where", "x").error().message,
              (path / "no" / "where").string() + ": cannot be written: No such file or directory");
  }
  EXPECT_FALSE(fs::exists(path));
}

}  // namespace
}  // namespace virtlens::tools
