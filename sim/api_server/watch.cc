#include "sim/api_server/watch.h"

#include <algorithm>
#include <utility>

#include "sim/api_server/status.h"

namespace virtlens::sim {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Small lines are gathered up to this size before they are written.
constexpr std::size_t kPieceBytes = 64 * 1024;
constexpr std::size_t kBatchEvents = 500;
// How soon a watch without events notices that its peer has gone.
constexpr std::chrono::seconds kGoneInterval{1};

}  // namespace

bool ObjectFilter::Matches(const StoredObject& object) const {
  return (space.empty() || object.space == space) && labels.Matches(object.labels) &&
         fields.Matches(object.space, object.name, object.fields);
}

Watch::Watch(WatchSettings settings, Store& store, Faults& faults,
             const std::atomic<std::uint64_t>& bookmark_calls)
    : settings_(std::move(settings)),
      store_(store),
      faults_(faults),
      bookmark_calls_(bookmark_calls) {}

bool Watch::Flush() {
  if (pending_.empty()) return true;
  const bool ok = writer_->Write(pending_);
  pending_.clear();
  return ok;
}

bool Watch::SendFaulty(const Fault& fault, const std::string& line) {
  const std::size_t bytes =
      fault.after_bytes == 0 ? line.size() / 2 : std::min(fault.after_bytes, line.size() - 1);
  switch (fault.kind) {
    case FaultKind::kErrorEvent:
      pending_ += ExpiredEventLine("too old resource version");
      if (Flush()) writer_->Close();
      return false;
    case FaultKind::kGarbage:
      // In front of the line, so that nothing is lost but the framing.
      pending_.append(kGarbageBytes).push_back('\n');
      pending_ += line;
      return Flush();
    case FaultKind::kStall:
      pending_.append(line, 0, bytes);
      if (Flush()) faults_.WaitForClear(fault, stop_);
      writer_->Abort();
      return false;
    default:
      pending_.append(line, 0, bytes);
      if (Flush()) writer_->Abort();
      return false;
  }
}

bool Watch::SendLine(std::string_view type, std::string_view object) {
  std::string line;
  line.reserve(object.size() + type.size() + 32);
  line.append(R"({"type":")").append(type).append(R"(","object":)").append(object).append("}\n");
  if (const auto fault = faults_.TakeForLine(settings_.type.plural)) {
    return SendFaulty(*fault, line);
  }
  pending_ += line;
  return pending_.size() < kPieceBytes || Flush();
}

bool Watch::SendBookmark(Revision revision, bool end_of_initial) {
  Json object = {{"kind", settings_.type.kind},
                 {"apiVersion", settings_.type.ApiVersion()},
                 {"metadata", {{"resourceVersion", std::to_string(revision)}}}};
  if (end_of_initial) {
    object["metadata"]["annotations"] = {{"k8s.io/initial-events-end", "true"}};
  }
  return SendLine("BOOKMARK", DumpJson(object)) && Flush();
}

bool Watch::SendInitial() {
  if (!settings_.initial) return true;
  const Snapshot initial = std::move(*settings_.initial);
  settings_.initial.reset();
  for (const auto& object : initial.objects) {
    if (settings_.filter.Matches(*object) && !SendLine("ADDED", object->json)) return false;
  }
  if (settings_.end_of_initial) return SendBookmark(initial.revision, true);
  return Flush();
}

bool Watch::SendEvents(const Store::Batch& batch) {
  for (const auto& event : batch.events) {
    const bool now =
        event.type != StoreEvent::Type::kDeleted && settings_.filter.Matches(*event.object);
    const bool before = event.previous != nullptr && settings_.filter.Matches(*event.previous);
    if (!now && !before) continue;
    // An object that enters or leaves a selector's view is added or deleted for this watch.
    const std::string_view type = !before ? "ADDED" : now ? "MODIFIED" : "DELETED";
    if (!SendLine(type, event.object->json)) return false;
  }
  return Flush();
}

void Watch::Run(http::BodyWriter& writer, std::stop_token stop) {
  writer_ = &writer;
  stop_ = stop;
  std::uint64_t bookmark_calls = bookmark_calls_;
  const auto deadline = SteadyClock::now() + settings_.timeout;
  auto next_bookmark = SteadyClock::now() + settings_.bookmark_interval;
  if (!SendInitial()) return;
  while (!stop.stop_requested() && !writer.gone()) {
    const auto wait_until = std::min({deadline, next_bookmark, SteadyClock::now() + kGoneInterval});
    const Store::Batch batch = store_.Next(settings_.position, kBatchEvents, wait_until, stop);
    if (batch.expired) {
      writer.Abort();
      return;
    }
    if (!SendEvents(batch)) return;
    const auto now = SteadyClock::now();
    const bool over = batch.gone || now >= deadline;
    const std::uint64_t calls = bookmark_calls_;
    if (settings_.bookmarks && (over || now >= next_bookmark || calls != bookmark_calls)) {
      if (!SendBookmark(batch.revision, false)) return;
      bookmark_calls = calls;
    }
    if (now >= next_bookmark) next_bookmark = now + settings_.bookmark_interval;
    if (over) {
      writer.Close();
      return;
    }
  }
}

}  // namespace virtlens::sim
