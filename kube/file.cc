#include "kube/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace virtlens::kube {
namespace {

tl::unexpected<Error> CannotRead(const std::string& path, int error) {
  return Fail(error == ENOENT ? Code::kNotFound : Code::kInvalidArgument,
              "cannot read " + path + ": " + std::generic_category().message(error));
}

}  // namespace

Result<std::string> ReadSmallFile(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return CannotRead(path, errno);
  std::string text;
  std::array<char, 16 * 1024> piece;
  while (text.size() <= kMaxFileBytes) {
    const ssize_t count = ::read(file, piece.data(), piece.size());
    if (count == 0) break;
    if (count < 0) {
      const int error = errno;
      if (error == EINTR) continue;
      ::close(file);
      return CannotRead(path, error);
    }
    text.append(piece.data(), static_cast<std::size_t>(count));
  }
  ::close(file);
  if (text.size() > kMaxFileBytes) {
    return Fail(Code::kInvalidArgument, "cannot read " + path + ": larger than 4 MiB");
  }
  return text;
}

}  // namespace virtlens::kube
