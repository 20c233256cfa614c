// Any bytes: pieces of any size give the same objects and the same verdict.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "tools/json_objects.h"

namespace {

struct Read {
  std::vector<std::string> objects;
  std::string error;
  bool operator==(const Read&) const = default;
};

Read ReadIn(std::string_view json, std::size_t piece) {
  Read read;
  virtlens::tools::JsonObjects objects([&](std::string_view object) {
    read.objects.emplace_back(object);
    return object.size() % 2 == 0;  // some do not decode
  });
  virtlens::Result<void> fed;
  for (std::size_t at = 0; fed && at < json.size(); at += piece) {
    fed = objects.Feed(json.substr(at, piece));
  }
  if (fed) fed = objects.Finish();
  if (!fed) read.error = fed.error().message;
  return read;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string json(data + 1, data + size);
  const std::size_t piece = std::max<std::size_t>(1, data[0]);
  if (ReadIn(json, piece) != ReadIn(json, json.size() + 1)) std::abort();
  return 0;
}
