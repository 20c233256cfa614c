// A directory only this user can enter, gone with the object.
//
// Thread contract: one thread.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace virtlens::tools {

class TemporaryDirectory {
 public:
  // Below $TMPDIR, else /tmp.
  static Result<TemporaryDirectory> Create();
  TemporaryDirectory(TemporaryDirectory&& other) noexcept;
  TemporaryDirectory& operator=(TemporaryDirectory&&) = delete;
  ~TemporaryDirectory();

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit TemporaryDirectory(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;  // "" after a move
};

// Replaces the file; mode 0600 from its first byte on. kInvalidArgument names the path.
Result<void> WritePrivateFile(const std::filesystem::path& path, std::string_view content);

}  // namespace virtlens::tools
