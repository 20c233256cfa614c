// The queue between a BodyWriter's thread and the connection that sends its bytes.
//
// Internal to the http room. Thread contract: Write, Close, Abort and gone from any thread; Take,
// EndByServer and Detach on the connection's thread. `wake` is called from writers' threads, never
// after Detach.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "http/message.h"

namespace virtlens::http {

class PushedBody {
 public:
  enum class Next { kWait, kData, kEnd, kCut };

  explicit PushedBody(std::function<void()> wake) : wake_(std::move(wake)) {}

  bool Write(std::string_view bytes);
  void Close() { Finish(End::kClosed); }
  void Abort() { Finish(End::kAborted); }
  bool gone() const;

  // What to do now. kData fills `out`; the call after it says that those bytes have been sent.
  Next Take(std::string& out);
  // The server stops: what is queued is still sent.
  void EndByServer() { Finish(End::kClosed); }
  // The connection has ended.
  void Detach();

 private:
  enum class End { kOpen, kClosed, kAborted };
  void Finish(End end);

  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::function<void()> wake_;  // empty once detached
  std::string queued_;
  std::size_t sending_ = 0;
  End end_ = End::kOpen;
};

// The handle a BodyStart gets. Dropped before Close, it cuts the body.
std::shared_ptr<BodyWriter> MakeBodyWriter(std::shared_ptr<PushedBody> body);

}  // namespace virtlens::http
