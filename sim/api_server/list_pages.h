// The pages of lists: a list with more objects than its limit is kept, as it was at its
// resourceVersion, until its last page is read or newer lists push it out.
//
// Thread contract: any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"
#include "sim/api_server/store.h"

namespace virtlens::sim {

using SharedSnapshot = std::shared_ptr<const Snapshot>;

struct Page {
  SharedSnapshot list;
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string continue_token;  // "" on the last page
};

class ListPages {
 public:
  // `owner` names what is listed: a token is good only for the same list. limit 0: no limit.
  Page First(std::string_view owner, SharedSnapshot list, std::size_t limit);
  // kExpired: the list is no longer kept. kInvalidArgument: not a token of ours.
  Result<Page> Continue(std::string_view owner, std::string_view text, std::size_t limit);
  // Expires every token.
  void Clear();

 private:
  struct Kept {
    std::uint64_t id = 0;
    std::string owner;
    SharedSnapshot list;
  };
  static Page Cut(const Kept& kept, std::size_t begin, std::size_t limit);

  std::mutex mutex_;
  std::uint64_t next_id_ = 1;
  std::deque<Kept> kept_;
};

// A List document, generated piece by piece from the stored bytes.
http::Body ListBody(const kube::ResourceType& type, Page page);

}  // namespace virtlens::sim
