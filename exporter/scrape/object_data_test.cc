#include "exporter/scrape/object_data.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "kube/base64.h"
#include "kube/testing/scripted_transport.h"

namespace virtlens::exporter {
namespace {

using kube::testing::Reply;
using kube::testing::ScriptedTransport;

constexpr const char* kSecret = "/api/v1/namespaces/kubevirt/secrets/pair";
const std::string pem_head = "-----BEGIN CERTIFICATE-----\n";

Reply Pair(const std::string& certificate, const std::string& key) {
  return Reply::Json({{"data",
                       {{"tls.crt", kube::EncodeBase64(pem_head + certificate)},
                        {"tls.key", kube::EncodeBase64(pem_head + key)}}}});
}

// A thread of its own, on a clock that never waits, until the last step is over.
class ObjectDataTest : public ::testing::Test {
 protected:
  ObjectDataTest() {
    SetLogSink([this](std::string_view line) {
      const std::lock_guard lock(mutex_);
      log_ += line;
    });
  }
  ~ObjectDataTest() override { SetLogSink({}); }

  void Expect(Reply reply) {
    transport_.Expect(kSecret, std::move(reply), [this](const http::ClientRequest&) {
      asked_.push_back(clock_.Monotonic());
      return std::string();
    });
  }
  // What was told, value by value.
  std::vector<std::string> Run(bool optional) {
    Expect(Pair("last", "last"));
    std::vector<std::string> told;
    ObjectData object({.type = {"", "v1", "secrets", "Secret", true},
                       .space = "kubevirt",
                       .name = "pair",
                       .keys = {"tls.crt", "tls.key"},
                       .optional = optional,
                       .remedy = "do this"},
                      client_, clock_, [&](const std::vector<std::string>& values) {
                        const std::lock_guard lock(mutex_);
                        told.push_back(values.empty() ? ""
                                                      : values[0].substr(pem_head.size()) + "+" +
                                                            values[1].substr(pem_head.size()));
                        if (told.back() != "last+last") return;
                        last_ = true;
                        log_until_then_ = log_;
                        changed_.notify_all();
                      });
    object.Start();
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return last_; });
    }
    object.RequestStop();
    object.Join();
    return told;
  }

  FakeClock clock_;
  Random random_{1};
  ScriptedTransport transport_{clock_};
  kube::Client client_{{.server = "https://server"}, transport_, clock_, random_};
  std::vector<Duration> asked_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string log_;
  std::string log_until_then_;  // what is asked after the script is over complains
  bool last_ = false;
};

using Told = std::vector<std::string>;
using std::chrono::seconds;

TEST_F(ObjectDataTest, TellsTheFirstAnswerAndEachChange) {
  Expect(Pair("a", "k"));
  Expect(Pair("a", "k"));
  Expect(Pair("b", "k"));
  EXPECT_EQ(Run(false), (Told{"a+k", "b+k", "last+last"}));
  EXPECT_EQ(asked_, (std::vector<Duration>{seconds(0), seconds(60), seconds(120), seconds(180)}));
  EXPECT_EQ(log_until_then_, "");
}

TEST_F(ObjectDataTest, WhatWasReadStaysWhileItCannotBeRead) {
  Expect(Pair("a", "k"));
  Expect(Reply::Refusal(403, "Forbidden"));
  Expect(Reply::Refusal(403, "Forbidden"));
  Expect(Pair("a", "k"));
  EXPECT_EQ(Run(false), (Told{"a+k", "last+last"}));
  EXPECT_EQ(asked_[2] - asked_[1], seconds(1));
  EXPECT_EQ(asked_[3] - asked_[2], seconds(2)) << "less and less often";
  EXPECT_NE(log_until_then_.find("do this"), std::string::npos) << log_until_then_;
  EXPECT_EQ(log_until_then_.find("do this"), log_until_then_.rfind("do this")) << "once";
}

TEST_F(ObjectDataTest, WhatMayBeMissingIsToldAsNothingAndNotComplainedOf) {
  Expect(Reply::Refusal(404, "NotFound"));
  EXPECT_EQ(Run(true), (Told{"", "last+last"}));
  EXPECT_EQ(log_until_then_, "");
}

TEST_F(ObjectDataTest, WhatIsNoPemIsRefusedAndNeverTold) {
  const std::string odd = kube::EncodeBase64("my password");
  Expect(Reply::Json({{"data", {{"tls.crt", odd}, {"tls.key", odd}}}}));
  Expect(Reply::Json({{"data", {{"tls.crt", "%"}, {"tls.key", odd}}}}));
  Expect(Reply::Json({{"data", {{"tls.crt", 5}}}}));
  Expect(Reply::Json({{"kind", "Secret"}}));
  EXPECT_EQ(Run(false), (Told{"", "last+last"}));
  EXPECT_EQ(log_until_then_.find("password"), std::string::npos) << log_until_then_;
  EXPECT_NE(log_until_then_.find("tls.crt"), std::string::npos) << log_until_then_;
}

}  // namespace
}  // namespace virtlens::exporter
