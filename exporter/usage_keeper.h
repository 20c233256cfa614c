// Saves usage to the state file at every common instant, before it is shown: what a scraper has
// read is on disk, so that no crash makes a counter go backwards.
//
// A file that cannot be written is said in the log, once until it works again, and usage is shown
// all the same.
//
// Thread contract: Start and Stop by one thread. A thread of its own looks once a second.
#pragma once

#include <string>
#include <thread>

#include "base/clock.h"
#include "exporter/store.h"

namespace virtlens::exporter {

class UsageKeeper {
 public:
  // The store and the clock outlive it. The store's usage must be `held`.
  UsageKeeper(std::string path, Store& store, Clock& clock);
  ~UsageKeeper();  // stops

  void Start();
  // Saves a last time.
  void Stop();
  // Saves and shows the next common instant, if it has come.
  void Save();

 private:
  const std::string path_;
  Store& store_;
  Clock& clock_;
  bool failing_ = false;
  std::jthread thread_;
};

}  // namespace virtlens::exporter
