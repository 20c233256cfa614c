// Which series a reader gets, by cluster and project: how a tenant's Prometheus reads
// its own projects and nothing else.
//
// It works on lines, whose identity labels always come first and in the same order (a line without
// a project is nobody's but the platform's, and left out), so that nothing slips through that a
// family forgot to declare.
//
// Thread contract: const, so any thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "exporter/exposition/chunk.h"

namespace virtlens::exporter {

class SeriesScope {
 public:
  // Label values as they are, not escaped.
  void Allow(std::string_view cluster, std::string_view project);

  // Whether the chunk may hold lines in scope.
  bool MayKeep(const Chunk& chunk) const;
  // `name{workspace="a",project="b",cluster="c",...} 1`
  bool Keeps(std::string_view line) const;
  // The lines of `text` that are in scope.
  std::string Filter(std::string_view text) const;

 private:
  using Names = std::set<std::string, std::less<>>;

  std::map<std::string, Names, std::less<>> allowed_;  // projects by cluster, escaped
  Names projects_;                                     // of them, as they are
};

}  // namespace virtlens::exporter
