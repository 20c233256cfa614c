#include "http/pushed_body.h"

#include <utility>

namespace virtlens::http {
namespace {

constexpr std::size_t kMaxBehind = 1024 * 1024;

class Writer : public BodyWriter {
 public:
  explicit Writer(std::shared_ptr<PushedBody> body) : body_(std::move(body)) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() override { body_->Abort(); }

  bool Write(std::string_view bytes) override { return body_->Write(bytes); }
  void Close() override { body_->Close(); }
  void Abort() override { body_->Abort(); }
  bool gone() const override { return body_->gone(); }

 private:
  const std::shared_ptr<PushedBody> body_;
};

}  // namespace

bool PushedBody::Write(std::string_view bytes) {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [this] {
    return end_ != End::kOpen || !wake_ || queued_.size() + sending_ <= kMaxBehind;
  });
  if (end_ != End::kOpen || !wake_) return false;
  if (bytes.empty()) return true;
  const bool was_empty = queued_.empty();
  queued_ += bytes;
  // Under the lock, so that Detach can promise that no wake comes later.
  if (was_empty) wake_();
  return true;
}

bool PushedBody::gone() const {
  std::lock_guard lock(mutex_);
  return !wake_;
}

PushedBody::Next PushedBody::Take(std::string& out) {
  std::lock_guard lock(mutex_);
  sending_ = 0;
  room_.notify_all();
  if (!queued_.empty()) {
    out.clear();
    out.swap(queued_);
    sending_ = out.size();
    return Next::kData;
  }
  if (end_ == End::kOpen) return Next::kWait;
  return end_ == End::kClosed ? Next::kEnd : Next::kCut;
}

void PushedBody::Detach() {
  std::lock_guard lock(mutex_);
  wake_ = nullptr;
  room_.notify_all();
}

void PushedBody::Finish(End end) {
  std::lock_guard lock(mutex_);
  if (end_ != End::kOpen) return;
  end_ = end;
  room_.notify_all();
  if (wake_) wake_();
}

std::shared_ptr<BodyWriter> MakeBodyWriter(std::shared_ptr<PushedBody> body) {
  return std::make_shared<Writer>(std::move(body));
}

}  // namespace virtlens::http
