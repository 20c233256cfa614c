// oracle_live STEPS SEED: a random history through a real API server, for oracle.py --live.

#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>

#include "base/log.h"
#include "tests/oracle/live_history.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: oracle_live STEPS SEED | oracle.py --live\n";
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  virtlens::SetLogSink([](std::string_view) {});
  std::ios::sync_with_stdio(false);
  try {
    virtlens::oracle::PlayLiveHistory(std::strtoull(argv[1], nullptr, 10),
                                      std::strtoull(argv[2], nullptr, 10), std::cout);
  } catch (const std::exception& error) {
    std::cerr << "oracle_live, seed " << argv[2] << ": " << error.what() << '\n';
    return 1;
  }
  return std::cout.flush() ? 0 : 1;
}
