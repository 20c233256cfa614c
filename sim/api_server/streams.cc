#include "sim/api_server/streams.h"

#include <utility>

namespace virtlens::sim {

http::Body Streams::Push(Task task) {
  return http::BodyStart([this, task = std::move(task)](std::shared_ptr<http::BodyWriter> writer) {
    Start(task, std::move(writer));
  });
}

void Streams::Start(const Task& task, std::shared_ptr<http::BodyWriter> writer) {
  std::lock_guard lock(mutex_);
  entries_.remove_if([](const auto& entry) { return entry->done.load(); });
  Entry& entry = *entries_.emplace_back(std::make_unique<Entry>());
  entry.writer = writer;
  entry.thread = std::jthread([&entry, task, writer = std::move(writer)](std::stop_token stop) {
    task(*writer, stop);
    entry.done = true;
  });
}

void Streams::StopAll() {
  std::list<std::unique_ptr<Entry>> entries;
  {
    std::lock_guard lock(mutex_);
    entries.swap(entries_);
  }
  for (const auto& entry : entries) {
    entry->thread.request_stop();
    entry->writer->Abort();
  }
  // Destroying the entries joins the threads.
}

}  // namespace virtlens::sim
