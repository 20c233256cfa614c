// virtlens-exporter: options, start, wait for a signal, stop.

#include <csignal>
#include <cstdio>
#include <iostream>

#include "base/log.h"
#include "exporter/exporter.h"
#include "exporter/options.h"

namespace {

using virtlens::exporter::ExitRequest;
using virtlens::exporter::Exporter;
using virtlens::exporter::Options;

constexpr int kBadInput = 2;

int Complain(const virtlens::Error& error) {
  std::cerr << "virtlens-exporter: " << error.message << "\n";
  return kBadInput;
}

// Blocks SIGINT and SIGTERM in this thread and all it starts, so that only WaitForSignal sees them.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

int Run(const Options& options) {
  virtlens::ConfigureLog(*virtlens::ParseLogLevel(options.log_level),
                         *virtlens::ParseLogFormat(options.log_format));
  const sigset_t signals = BlockSignals();
  auto exporter = Exporter::Start(options, virtlens::Clock::System());
  if (!exporter) return Complain(exporter.error());
  int signal = 0;
  sigwait(&signals, &signal);
  virtlens::Info("stopping", {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}});
  (*exporter)->Stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  auto parsed = virtlens::exporter::ParseOptions(argc, argv);
  if (!parsed) return Complain(parsed.error());
  if (const auto* exit = std::get_if<ExitRequest>(&*parsed)) {
    std::cout << exit->text;
    return 0;
  }
  return Run(std::get<Options>(*parsed));
}
