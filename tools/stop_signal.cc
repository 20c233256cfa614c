#include "tools/stop_signal.h"

#include <pthread.h>
#include <unistd.h>

namespace virtlens::tools {

StopSignal::StopSignal() {
  std::signal(SIGPIPE, SIG_IGN);
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  thread_ = std::jthread([this](const std::stop_token& ended) { Wait(ended); });
}

StopSignal::~StopSignal() {
  thread_.request_stop();
  // The thread takes it by sigwait, so it ends nothing.
  pthread_kill(thread_.native_handle(), SIGTERM);  // NOLINT(bugprone-bad-signal-to-kill-thread)
}

void StopSignal::Wait(const std::stop_token& ended) {
  for (;;) {
    int signal = 0;
    sigwait(&signals_, &signal);
    if (ended.stop_requested()) return;
    if (stop_.stop_requested()) _exit(128 + signal);
    stop_.request_stop();
  }
}

}  // namespace virtlens::tools
