#include "sim/api_server/private_directory.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

namespace virtlens::sim {

namespace fs = std::filesystem;

Result<PrivateDirectory> PrivateDirectory::Create() {
  std::error_code error;
  std::string path = (fs::temp_directory_path(error) / "virtlens-sim-XXXXXX").string();
  if (error || mkdtemp(path.data()) == nullptr) {
    return Fail(Code::kInternal, path + ": cannot create a temporary directory; set TMPDIR");
  }
  return PrivateDirectory(std::move(path));
}

PrivateDirectory::PrivateDirectory(PrivateDirectory&& other) noexcept
    : path_(std::exchange(other.path_, "")) {}

PrivateDirectory::~PrivateDirectory() {
  std::error_code error;
  if (!path_.empty()) fs::remove_all(path_, error);
}

std::string PrivateDirectory::PathOf(std::string_view name) const {
  return path_ + "/" + std::string(name);
}

Result<void> PrivateDirectory::Write(std::string_view name, std::string_view text) const {
  // The directory's mode keeps others out while the file is not yet 0600.
  const std::string path = PathOf(name);
  std::ofstream file(path, std::ios::trunc | std::ios::binary);
  file << text;
  file.close();
  std::error_code error;
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, error);
  if (!file || error) return Fail(Code::kInternal, path + ": cannot write");
  return {};
}

}  // namespace virtlens::sim
