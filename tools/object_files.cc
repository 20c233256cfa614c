#include "tools/object_files.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <istream>
#include <streambuf>

#include "tools/json_objects.h"
#include "tools/yaml_json.h"

namespace virtlens::tools {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPieceBytes = std::size_t{64} * 1024;

// Another buffer's bytes up to a limit; then the end.
class LimitedInput : public std::streambuf {
 public:
  LimitedInput(std::streambuf& source, std::size_t limit) : source_(source), left_(limit) {}
  bool exceeded() const { return exceeded_; }

 protected:
  int_type underflow() override {
    const std::streamsize got = source_.sgetn(piece_.data(), std::ssize(piece_));
    if (got <= 0) return traits_type::eof();
    exceeded_ = static_cast<std::size_t>(got) > left_;
    if (exceeded_) return traits_type::eof();
    left_ -= static_cast<std::size_t>(got);
    setg(piece_.data(), piece_.data(), piece_.data() + got);
    return traits_type::to_int_type(piece_.front());
  }

 private:
  std::streambuf& source_;
  std::size_t left_;
  bool exceeded_ = false;
  std::array<char, kPieceBytes> piece_{};
};

bool IsObjectFile(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

Error CannotRead(const std::string& path, const std::string& why) {
  return Error{Code::kInvalidArgument, path + ": cannot be read: " + why};
}

Result<std::size_t> ReadJson(std::istream& input, const OnObject& on_object) {
  JsonObjects objects(on_object);
  std::string piece(kPieceBytes, '\0');
  while (input.read(piece.data(), std::ssize(piece)) || input.gcount() > 0) {
    const auto length = static_cast<std::size_t>(input.gcount());
    VIRTLENS_CHECK(objects.Feed(std::string_view(piece).substr(0, length)));
  }
  VIRTLENS_CHECK(objects.Finish());
  return objects.foreign();
}

Result<std::size_t> ReadYaml(std::istream& input, const OnObject& on_object) {
  LimitedInput limited(*input.rdbuf(), kMaxYamlBytes);
  std::istream yaml(&limited);
  std::size_t foreign = 0;
  const auto converted = ConvertYaml(yaml, [&](std::string_view json) {
    JsonObjects objects(on_object);
    // The text is JSON by construction; documents that are single words hold no objects.
    if (!objects.Feed(json) || !objects.Finish()) ++foreign;
    foreign += objects.foreign();
  });
  if (limited.exceeded()) {
    return Fail(Code::kDecode, "1: YAML above 256 MiB; convert it to JSON, which has no limit");
  }
  VIRTLENS_CHECK(converted);
  return foreign;
}

// JSON goes the fast way. A byte order mark (PowerShell writes UTF-16) is left to yaml-cpp, which
// reads JSON too.
bool IsJson(const std::string& path, std::istream& input) {
  const int first = input.peek();
  if (path.ends_with(".yaml") || path.ends_with(".yml")) return false;
  if (path.ends_with(".json")) return first < 0x80;
  return first == '{' || first == '[';
}

}  // namespace

Result<std::vector<ObjectFile>> FindObjectFiles(const std::vector<std::string>& paths) {
  std::vector<ObjectFile> files;
  for (const std::string& path : paths) {
    std::error_code error;
    if (path == "-" || !fs::is_directory(path, error)) {
      files.push_back({path, true});
      continue;
    }
    std::vector<std::string> found;
    for (fs::recursive_directory_iterator at(path, error), end; !error && at != end;
         at.increment(error)) {
      std::error_code ignored;
      if (at->is_regular_file(ignored) && IsObjectFile(at->path())) {
        found.push_back(at->path().string());
      }
    }
    if (error) return Fail(CannotRead(path, error.message()));
    std::sort(found.begin(), found.end());
    for (std::string& file : found) files.push_back({std::move(file), false});
  }
  return files;
}

Result<std::size_t> ReadObjectFile(const std::string& path, std::istream& standard_input,
                                   const OnObject& on_object) {
  std::ifstream file;
  const bool from_stdin = path == "-";
  if (!from_stdin) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status)) return Fail(CannotRead(path, "there is no such file"));
    file.open(path, std::ios::binary);
    if (!file) return Fail(CannotRead(path, "permission denied"));
  }
  std::istream& input = from_stdin ? standard_input : file;
  auto read = IsJson(path, input) ? ReadJson(input, on_object) : ReadYaml(input, on_object);
  if (input.bad()) return Fail(CannotRead(path, "the disk or pipe failed"));
  if (!read) {
    const std::string shown = from_stdin ? "standard input" : path;
    return Fail(Code::kInvalidArgument, shown + ":" + read.error().message);
  }
  return read;
}

}  // namespace virtlens::tools
