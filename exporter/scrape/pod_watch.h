// The Pods of one label, followed by a reflector on a thread of its own.
//
// Says how it is doing as virt_source_up{source="kubernetes",resource="pods/<name>"}. It holds up
// nobody's readiness: without Pods there are fewer series, not wrong ones.
//
// Thread contract: Start, RequestStop and Join by one thread; the rest from any. `on_change` is
// called on the watch's thread, after each change of what pods() returns.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "exporter/decode/component_pod.h"
#include "exporter/store.h"
#include "kube/reflector.h"

namespace virtlens::exporter {

class PodWatch final : public kube::ReflectorReceiver {
 public:
  // `space` "": all namespaces. References outlive it.
  PodWatch(const std::string& name, const std::string& space, const std::string& label,
           kube::Client& client, http::Transport& transport, Store& store, Clock& clock,
           Random& random, std::function<void()> on_change);

  void Start();
  void RequestStop() { thread_.request_stop(); }
  void Join();

  // Brings virt_source_last_success_timestamp_seconds up to date; before a scrape.
  void Refresh();

  std::vector<ComponentPodRow> pods() const;

  void OnListStart(const kube::ResourceType& type) override;
  void OnListItem(std::string_view object) override;
  void OnListEnd() override;
  void OnListAbort() override;
  void OnEvent(kube::EventType type, std::string_view object) override;
  void OnState(kube::SourceState state, std::string_view detail) override;

 private:
  using Rows = std::map<ObjectKey, ComponentPodRow>;

  // nullopt: it does not decode, which the log says.
  std::optional<ComponentPodRow> Decode(std::string_view object) const;

  const std::string resource_;
  Store& store_;
  const std::function<void()> on_change_;
  std::unique_ptr<kube::Reflector> reflector_;
  Rows listed_;

  mutable std::mutex mutex_;
  Rows rows_;
  kube::SourceState state_ = kube::SourceState::kStarting;

  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace virtlens::exporter
