#include <utility>

#include "kube/reflector_machine.h"

namespace virtlens::kube {
namespace {

class ListSink final : public StreamSink {
 public:
  explicit ListSink(ReflectorMachine& machine)
      : splitter_([&machine](std::string_view item) { machine.HandItem(item); }) {}

  Result<ListEnvelope> Finish() {
    VIRTLENS_TRY(ListEnvelope envelope, splitter_.Finish());
    if (!envelope.kind.ends_with("List")) {
      return Fail(Code::kDecode, "the answer to a list is of kind \"" + envelope.kind + "\"");
    }
    if (envelope.resource_version.empty()) {
      return Fail(Code::kDecode, "a list without resourceVersion");
    }
    return envelope;
  }

 protected:
  Result<void> OnBody(std::string_view bytes) override { return splitter_.Feed(bytes); }

 private:
  ListSplitter splitter_;
};

}  // namespace

Result<void> ReflectorMachine::List() {
  ++statistics_.lists;
  receiver_.OnListStart(*type_);
  auto resource_version = ListPages();
  if (!resource_version) {
    ++statistics_.list_errors;
    receiver_.OnListAbort();
    return Fail(std::move(resource_version.error()));
  }
  FinishList(*resource_version);
  return {};
}

// All pages, as the resourceVersion that they are of.
Result<std::string> ReflectorMachine::ListPages() {
  const std::string limit = "limit=" + std::to_string(options_.page_size);
  // From the watch cache first: cheap for the server, which then ignores a limit.
  std::string query = quorum_list_ ? limit : "resourceVersion=0";
  bool restarted = false;
  while (true) {
    auto page = ListPage(query);
    const bool continued = query.find("continue=") != std::string::npos;
    if (!page && page.error().code == Code::kExpired && continued && !restarted) {
      // The snapshot that the pages were of is gone. One unpaged list cannot lose its own.
      restarted = true;
      ++statistics_.expired;
      receiver_.OnListAbort();
      receiver_.OnListStart(*type_);
      query = "resourceVersion=";
      continue;
    }
    if (!page) return Fail(std::move(page.error()));
    if (page->continue_token.empty()) return std::move(page->resource_version);
    query = limit + "&continue=" + http::PercentEncode(page->continue_token);
  }
}

Result<ListEnvelope> ReflectorMachine::ListPage(const std::string& query) {
  ListSink sink(*this);
  VIRTLENS_CHECK(OpenStream(query, sink));
  return sink.Finish();
}

}  // namespace virtlens::kube
