// Finds and reads the files that hold Kubernetes objects: YAML, JSON, standard input, and whole
// directories such as a must-gather dump.
//
// Thread contract: one thread.
#pragma once

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace virtlens::tools {

// YAML is read whole; JSON piece by piece, so it has no limit but that of one object.
inline constexpr std::size_t kMaxYamlBytes = std::size_t{256} * 1024 * 1024;

// Gets each object as JSON with kube::kItemPadding readable bytes behind it, valid until it
// returns. False: it does not decode.
using OnObject = std::function<bool(std::string_view object)>;

struct ObjectFile {
  std::string path;    // "-": standard input
  bool named = false;  // by the user, not found in a directory
};

// Directories become the *.yaml, *.yml and *.json files below them, sorted by path.
// kInvalidArgument names what cannot be read.
Result<std::vector<ObjectFile>> FindObjectFiles(const std::vector<std::string>& paths);

// Hands over the objects of one file and returns how many values in it were no Kubernetes objects.
// kInvalidArgument, "PATH:LINE: what is wrong": unreadable, or neither YAML nor JSON; the objects
// before that place have been handed over.
Result<std::size_t> ReadObjectFile(const std::string& path, std::istream& standard_input,
                                   const OnObject& on_object);

}  // namespace virtlens::tools
