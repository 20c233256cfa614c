#include "http/pushed_body.h"

#include <gtest/gtest.h>

#include <future>

namespace virtlens::http {
namespace {

using Next = PushedBody::Next;

TEST(PushedBody, GivesBytesThenTheEnd) {
  int wakes = 0;
  PushedBody body([&] { ++wakes; });
  std::string out;
  EXPECT_EQ(body.Take(out), Next::kWait);
  EXPECT_TRUE(body.Write("ab"));
  EXPECT_TRUE(body.Write("c"));
  EXPECT_EQ(wakes, 1);  // one wake for what is fetched at once
  body.Close();
  EXPECT_FALSE(body.Write("d"));
  EXPECT_EQ(body.Take(out), Next::kData);
  EXPECT_EQ(out, "abc");
  EXPECT_EQ(body.Take(out), Next::kEnd);
}

TEST(PushedBody, WriteBlocksWhileThePeerIsBehindAndGoesOnAfterwards) {
  PushedBody body([] {});
  const std::string big(1024 * 1024 + 1, 'x');
  ASSERT_TRUE(body.Write(big));
  std::promise<void> started;
  auto second = std::async(std::launch::async, [&] {
    started.set_value();
    return body.Write("y");
  });
  started.get_future().wait();
  std::string out;
  EXPECT_EQ(body.Take(out), Next::kData);
  EXPECT_EQ(out.size(), big.size());  // "y" has not slipped in
  EXPECT_EQ(second.wait_for(std::chrono::milliseconds(0)), std::future_status::timeout);
  Next next = body.Take(out);  // says that the first bytes are sent: room again
  EXPECT_TRUE(second.get());
  if (next == Next::kWait) next = body.Take(out);
  EXPECT_EQ(next, Next::kData);
  EXPECT_EQ(out, "y");
}

TEST(PushedBody, DetachFreesABlockedWriter) {
  PushedBody body([] {});
  ASSERT_TRUE(body.Write(std::string(2 * 1024 * 1024, 'x')));
  auto blocked = std::async(std::launch::async, [&] { return body.Write("y"); });
  EXPECT_FALSE(body.gone());
  body.Detach();
  EXPECT_FALSE(blocked.get());
  EXPECT_TRUE(body.gone());
}

TEST(PushedBody, AWriterDroppedWithoutCloseCutsTheBody) {
  const auto body = std::make_shared<PushedBody>([] {});
  MakeBodyWriter(body)->Write("half");
  std::string out;
  EXPECT_EQ(body->Take(out), Next::kData);
  EXPECT_EQ(body->Take(out), Next::kCut);
}

}  // namespace
}  // namespace virtlens::http
