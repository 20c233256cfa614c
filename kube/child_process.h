// Runs a program and collects its standard output. Private to kube/; knows no Kubernetes.
//
// Thread contract: any thread; blocks until the program has ended or was killed. Uses posix_spawn:
// nothing of this process runs in the child.
#pragma once

#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"

namespace virtlens::kube {

struct ChildCommand {
  std::vector<std::string> arguments;    // the program first; PATH is searched when it has no '/'
  std::vector<std::string> environment;  // "NAME=value", the whole of it
  bool inherit_input = false;            // else standard input is /dev/null
  std::chrono::milliseconds time_limit{60'000};
  std::size_t output_limit = 1024 * 1024;
};

struct ChildOutcome {
  int exit_status = 0;  // 128 + signal when one ended it
  std::string output;
  std::string error_output;  // the first 4 KiB
};

// kNotFound: no such program. kTimeout, kCanceled, kDecode (too much output): it was killed.
Result<ChildOutcome> RunChild(const ChildCommand& command, std::stop_token stop);

}  // namespace virtlens::kube
