#include "exporter/scrape/pod_watch.h"

#include "base/log.h"
#include "exporter/decode/decode.h"
#include "exporter/sources.h"

namespace virtlens::exporter {

PodWatch::PodWatch(const std::string& name, const std::string& space, const std::string& label,
                   kube::Client& client, http::Transport& transport, Store& store, Clock& clock,
                   Random& random, std::function<void()> on_change)
    : resource_("pods/" + name), store_(store), on_change_(std::move(on_change)) {
  kube::ReflectorOptions options;
  options.space = space;
  options.label_selector = label;
  reflector_ =
      std::make_unique<kube::Reflector>(client, transport, kube::ResourceWanted{"", "pods", {"v1"}},
                                        std::move(options), *this, clock, random);
  Refresh();
}

void PodWatch::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { reflector_->Run(stop); });
}

void PodWatch::Join() {
  if (thread_.joinable()) thread_.join();
}

void PodWatch::Refresh() {
  SourceReason reason;
  std::uint64_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    reason = ReasonOf(state_);
    count = rows_.size();
  }
  const Micros last_success = reflector_->statistics().last_success_micros.load();
  store_.Update([&](Inventory& inventory, Micros) {
    inventory.SetSource(kKubernetesSource, resource_, reason, last_success, count);
  });
}

std::vector<ComponentPodRow> PodWatch::pods() const {
  const std::lock_guard lock(mutex_);
  std::vector<ComponentPodRow> pods;
  pods.reserve(rows_.size());
  for (const auto& [key, row] : rows_) pods.push_back(row);
  return pods;
}

void PodWatch::OnListStart(const kube::ResourceType& /*type*/) { listed_.clear(); }

void PodWatch::OnListItem(std::string_view object) {
  if (auto row = Decode(object)) listed_.insert_or_assign(row->meta.key, std::move(*row));
}

void PodWatch::OnListEnd() {
  {
    const std::lock_guard lock(mutex_);
    rows_ = std::exchange(listed_, {});
  }
  on_change_();
}

void PodWatch::OnListAbort() { listed_.clear(); }

void PodWatch::OnEvent(kube::EventType type, std::string_view object) {
  auto row = Decode(object);
  if (!row) return;
  {
    const std::lock_guard lock(mutex_);
    if (type == kube::EventType::kDeleted) {
      rows_.erase(row->meta.key);
    } else {
      ComponentPodRow& known = rows_[row->meta.key];
      if (known == *row) return;  // most events of a Pod are about what is not read here
      known = std::move(*row);
    }
  }
  on_change_();
}

void PodWatch::OnState(kube::SourceState state, std::string_view /*detail*/) {
  {
    const std::lock_guard lock(mutex_);
    state_ = state;
  }
  Refresh();
}

std::optional<ComponentPodRow> PodWatch::Decode(std::string_view object) const {
  auto row = DecodeComponentPod(object);
  if (row) return std::move(*row);
  Warning("a Pod does not decode and is no target",
          {{"resource", resource_}, {"error", row.error().message}});
  return std::nullopt;
}

}  // namespace virtlens::exporter
