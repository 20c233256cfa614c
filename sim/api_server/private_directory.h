// A directory of our own for the key files that http::ServerOptions names; removed at the end.
//
// Thread contract: one thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace virtlens::sim {

class PrivateDirectory {
 public:
  // Below the system's directory for temporary files, mode 0700.
  static Result<PrivateDirectory> Create();
  ~PrivateDirectory();
  PrivateDirectory(PrivateDirectory&& other) noexcept;
  PrivateDirectory& operator=(PrivateDirectory&&) = delete;

  std::string PathOf(std::string_view name) const;
  // Replaces the file; mode 0600.
  Result<void> Write(std::string_view name, std::string_view text) const;

 private:
  explicit PrivateDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace virtlens::sim
