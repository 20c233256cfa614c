// oracle_hour SEED: an hour of a simulated cluster on standard output, for hour.py.

#include <cstdlib>
#include <iostream>

#include "base/log.h"
#include "tests/oracle/hour.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: oracle_hour SEED | hour.py\n";
    return 2;
  }
  virtlens::SetLogSink([](std::string_view) {});
  std::ios::sync_with_stdio(false);
  virtlens::oracle::PlayHour(std::strtoull(argv[1], nullptr, 10), std::cout);
  return std::cout.flush() ? 0 : 1;
}
