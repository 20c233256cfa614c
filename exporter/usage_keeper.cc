#include "exporter/usage_keeper.h"

#include "base/log.h"
#include "exporter/usage_state.h"

namespace virtlens::exporter {

UsageKeeper::UsageKeeper(std::string path, Store& store, Clock& clock)
    : path_(std::move(path)), store_(store), clock_(clock) {}

UsageKeeper::~UsageKeeper() { Stop(); }

void UsageKeeper::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    while (clock_.Sleep(std::chrono::seconds(1), stop)) Save();
  });
}

void UsageKeeper::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  Save();
}

void UsageKeeper::Save() {
  std::optional<UsageSnapshot> snapshot;
  store_.Update([&](Inventory& inventory, Micros now) { snapshot = inventory.FreezeUsage(now); });
  if (!snapshot) return;
  const auto saved = SaveUsageState(path_, *snapshot);
  if (!saved && !failing_) {
    LogError("usage is not saved; after a restart its counters may go back",
             {{"error", saved.error().message}});
  }
  failing_ = !saved;
  store_.Update([](Inventory& inventory, Micros) { inventory.ReleaseUsage(); });
}

}  // namespace virtlens::exporter
