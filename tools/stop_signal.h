// SIGINT and SIGTERM as a std::stop_token.
//
// Thread contract: create one, in main's thread, before any other thread starts: the signals are
// blocked in this thread and all it starts, and taken by a thread of its own. The first asks for a
// stop; a second ends the process at once, for when stopping takes too long. SIGPIPE is ignored.
#pragma once

#include <csignal>
#include <stop_token>
#include <thread>

namespace virtlens::tools {

class StopSignal {
 public:
  StopSignal();
  ~StopSignal();  // the signals stay blocked
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  std::stop_token token() const { return stop_.get_token(); }

 private:
  void Wait(const std::stop_token& ended);

  sigset_t signals_{};
  std::stop_source stop_;
  std::jthread thread_;
};

}  // namespace virtlens::tools
