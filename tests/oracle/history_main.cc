// oracle_history STEPS SEED: a random history on standard output, for oracle.py.

#include <cstdlib>
#include <iostream>

#include "base/log.h"
#include "tests/oracle/history.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: oracle_history STEPS SEED | oracle.py\n";
    return 2;
  }
  virtlens::SetLogSink([](std::string_view) {});
  std::ios::sync_with_stdio(false);
  virtlens::oracle::PlayHistory(std::strtoull(argv[1], nullptr, 10),
                                std::strtoull(argv[2], nullptr, 10), std::cout);
  return std::cout.flush() ? 0 : 1;
}
