// The HTTP client for many short calls at once on one thread, over one curl multi handle.
//
// Every call has its own deadline (ClientRequest::timeout, whole) and size limit; one that hangs
// costs a socket until its deadline and delays nobody. Connections are kept alive and shared by
// later calls to the same peer with the same TLS settings. How many run at once is the caller's to
// bound: each Submit begins at once.
//
// Thread contract: one thread calls everything but Wake, which any thread may call. Receivers are
// called inside Drive, on that thread, and must not block; OnDone may Submit, no function of a
// receiver may Cancel or Drive.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "http/transport.h"

namespace virtlens::http {

// OnResponse, OnData (any number of times), OnDone; all but OnDone may be missing.
class CallReceiver : public StreamReceiver {
 public:
  // Once, the last call. Any HTTP status is a success; errors as of Transport, and kDecode for a
  // body over max_body_bytes.
  virtual void OnDone(Result<void> outcome) = 0;
};

class ConcurrentTransport {
 public:
  using CallId = std::uint64_t;

  // Ends every call; their receivers hear nothing more.
  virtual ~ConcurrentTransport() = default;

  // The receiver must live until OnDone or Cancel. A bad request is told by OnDone too.
  virtual CallId Submit(ClientRequest request, CallReceiver& receiver) = 0;
  // Ends a call; its receiver hears nothing more. No effect when it has ended.
  virtual void Cancel(CallId id) = 0;

  // Moves all calls on. Returns after `at_most`, or earlier when a call ended or Wake was called.
  virtual void Drive(Duration at_most) = 0;
  // Ends the Drive that is waiting, or the next one.
  virtual void Wake() = 0;
};

// `user_agent` as in "virtlens-exporter/0.1.0".
std::unique_ptr<ConcurrentTransport> MakeCurlConcurrentTransport(std::string user_agent);

}  // namespace virtlens::http
