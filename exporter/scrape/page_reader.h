// A component's metrics page -> the samples that the component table wants.
//
// Reads text format 0.0.4 and OpenMetrics 1.0, which differ in nothing that matters here. Names
// that no row wants are skipped to the next newline unread: most of a virt-controller's page is
// about its own HTTP client. Of a series that stands several times (explicit timestamps, KubeVirt's
// migration queue) the newest sample wins, without timestamps the last; where a page has an old and
// a new name of the same thing, the name that the table lists first wins.
//
// Limits: kMaxLineBytes a line, kMaxSamples samples. Errors: kDecode naming the line, after which
// the reader stays failed. A page must end with a newline or `# EOF`, after which nothing
// may stand.
// Rules: prometheus.io/docs/instrumenting/exposition_formats, OpenMetrics 1.0.
//
// Thread contract: one page, one thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "exporter/scrape/samples.h"

namespace virtlens::exporter {

class PageReader {
 public:
  static constexpr std::size_t kMaxLineBytes = 1024 * 1024;
  static constexpr std::size_t kMaxSamples = 300'000;

  explicit PageReader(Component component);
  ~PageReader();
  PageReader(const PageReader&) = delete;
  PageReader& operator=(const PageReader&) = delete;

  // The next bytes, cut anywhere.
  Result<void> Feed(std::string_view bytes);
  // REQUIRES: called once, last.
  Result<TargetSamples> Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace virtlens::exporter
