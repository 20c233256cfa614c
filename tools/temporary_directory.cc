#include "tools/temporary_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace virtlens::tools {

Result<TemporaryDirectory> TemporaryDirectory::Create() {
  std::error_code error;
  const std::filesystem::path base = std::filesystem::temp_directory_path(error);
  std::string name = (error ? std::filesystem::path("/tmp") : base) / "virtlens-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) {
    return Fail(Code::kInternal,
                name + ": cannot be created: " + std::generic_category().message(errno));
  }
  return TemporaryDirectory(name);
}

TemporaryDirectory::TemporaryDirectory(TemporaryDirectory&& other) noexcept
    : path_(std::exchange(other.path_, {})) {}

TemporaryDirectory::~TemporaryDirectory() {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Result<void> WritePrivateFile(const std::filesystem::path& path, std::string_view content) {
  const auto failed = [&] {
    return Fail(Code::kInvalidArgument,
                path.string() + ": cannot be written: " + std::generic_category().message(errno));
  };
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return failed();
  bool written = fchmod(file, 0600) == 0;  // the file may have been there
  while (written && !content.empty()) {
    const ssize_t count = write(file, content.data(), content.size());
    written = count > 0;
    if (written) content.remove_prefix(static_cast<std::size_t>(count));
  }
  if (close(file) != 0 || !written) return failed();
  return {};
}

}  // namespace virtlens::tools
