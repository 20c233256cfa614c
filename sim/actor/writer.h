// Carries out writes, and tells the store what to expect of them.
//
// Thread contract: every function may be called from any thread. Client and store outlive it.
#pragma once

#include <atomic>
#include <cstdint>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "kube/client.h"
#include "sim/actor/objects.h"
#include "sim/actor/store.h"

namespace virtlens::sim::actor {

class Writer {
 public:
  Writer(kube::Client& client, Store& store) : client_(client), store_(store) {}

  // What is already so is a success: creating what exists, deleting what is gone.
  Result<void> Do(const Write& write, std::stop_token stop);
  // Creates an object of any type; what exists is returned by reading it.
  Result<Json> CreateOther(const kube::ResourceType& type, const Json& body, std::stop_token stop);

  std::uint64_t writes() const { return writes_; }
  std::uint64_t conflicts() const { return conflicts_; }
  std::uint64_t errors() const { return errors_; }

 private:
  Result<Json> Send(const Write& write, std::stop_token stop);

  kube::Client& client_;
  Store& store_;
  std::atomic<std::uint64_t> writes_{0};
  std::atomic<std::uint64_t> conflicts_{0};
  std::atomic<std::uint64_t> errors_{0};
};

}  // namespace virtlens::sim::actor
