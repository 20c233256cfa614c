// Paths into an object, and the tree into which the paths of a kind are merged, so that one visit
// of the object picks all of them.
//
//   .status.phase            a member
//   .spec.disks[*].size      the member of each element
//   .metadata.labels['a.b']  a member whose name is not a plain word; also ["a.b"]
//
// Limits: kMaxPathBytes, kMaxPathSteps. Errors are Code::kInvalidArgument and name the place in the
// path.
//
// Thread contract: plain values; the tree is constant once built.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace virtlens::exporter {

inline constexpr std::size_t kMaxPathBytes = 256;
inline constexpr std::size_t kMaxPathSteps = 16;

struct PathStep {
  bool each = false;   // [*]
  std::string member;  // else
  bool operator==(const PathStep&) const = default;
};

Result<std::vector<PathStep>> ParsePath(std::string_view path);

// A place in objects; `targets` are the numbers of the paths that end here.
struct PathNode {
  std::string member;
  std::vector<std::size_t> targets;
  std::vector<std::unique_ptr<PathNode>> members;
  std::unique_ptr<PathNode> each;

  const PathNode* Member(std::string_view name) const;
  // Makes the path lead to `target`.
  void Add(const std::vector<PathStep>& path, std::size_t target);
};

}  // namespace virtlens::exporter
