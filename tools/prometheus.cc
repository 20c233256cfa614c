#include "tools/prometheus.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stop_token>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "tools/temporary_directory.h"

namespace virtlens::tools {
namespace {

namespace fs = std::filesystem;

constexpr int kStopTries = 100;  // of 100 ms
constexpr int kExecFailed = 127;

bool IsProgram(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && access(path.c_str(), X_OK) == 0;
}

Result<std::optional<std::string>> Named(const std::string& path, const std::string& by) {
  for (const fs::path& candidate : {fs::path(path), fs::path(path) / "prometheus"}) {
    if (IsProgram(candidate)) return std::optional<std::string>(candidate.string());
  }
  return Fail(Code::kInvalidArgument,
              by + ": " + path + " is neither the prometheus program nor its directory");
}

std::optional<sockaddr_in> ParseAddress(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data() + colon + 1, end, port);
  const std::string host = colon == 0 ? "0.0.0.0" : text.substr(0, colon);
  if (error != std::errc() || stopped != end ||
      inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) {
    return std::nullopt;
  }
  address.sin_port = htons(port);
  return address;
}

// The port that was bound, and is free again.
std::optional<int> TryToBind(sockaddr_in address) {
  const int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (handle < 0) return std::nullopt;
  socklen_t length = sizeof(address);
  // The socket interface takes every kind of address through this pointer type.
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  // As Prometheus does: connections in TIME_WAIT do not make a port taken.
  const int reuse = 1;
  setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse));
  const bool bound = bind(handle, generic, sizeof(address)) == 0 && listen(handle, 1) == 0 &&
                     getsockname(handle, generic, &length) == 0;
  close(handle);
  if (!bound) return std::nullopt;
  return ntohs(address.sin_port);
}

std::string LastLine(const fs::path& path) {
  std::ifstream file(path);
  std::string last;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

// Between fork and exec: nothing but system calls.
[[noreturn]] void Become(const std::vector<char*>& arguments, int log, pid_t parent) {
  setpgid(0, 0);  // Ctrl-C reaches us only, and we end it in order
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kExecFailed);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);  // NOLINT(concurrency-mt-unsafe)
  execv(arguments[0], arguments.data());
  _exit(kExecFailed);
}

}  // namespace

Result<std::optional<std::string>> FindPrometheus(const std::string& wanted) {
  if (!wanted.empty()) return Named(wanted, "--prometheus");
  // The environment is not written while the process runs.
  if (const char* named = std::getenv("VIRTLENS_PROMETHEUS");  // NOLINT(concurrency-mt-unsafe)
      named != nullptr && *named != '\0') {
    return Named(named, "VIRTLENS_PROMETHEUS");
  }
  const char* search = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe)
  for (const std::string_view directory : Split(search == nullptr ? "" : search, ':')) {
    const fs::path candidate = fs::path(directory) / "prometheus";
    if (IsProgram(candidate)) return std::optional<std::string>(candidate.string());
  }
  return std::optional<std::string>();
}

std::string PrometheusConfig(const std::vector<std::string>& targets, const std::string& interval) {
  std::string list;
  for (const std::string& target : targets) {
    if (!list.empty()) list += ", ";
    list += "'" + target + "'";
  }
  return "global:\n  scrape_interval: " + interval + "\n  scrape_timeout: " + interval +
         "\nscrape_configs:\n  - job_name: virtlens\n    static_configs:\n      - targets: [" +
         list + "]\n";
}

Result<std::string> FreeAddress(const std::string& preferred) {
  auto address = ParseAddress(preferred);
  if (!address) {
    return Fail(Code::kInvalidArgument,
                "\"" + preferred + "\" is no IPv4 address and port; write it like 127.0.0.1:9090");
  }
  auto port = TryToBind(*address);
  if (!port) {
    address->sin_port = 0;
    port = TryToBind(*address);
  }
  if (!port) {
    return Fail(Code::kInvalidArgument, "\"" + preferred + "\" is no address of this machine");
  }
  return preferred.substr(0, preferred.rfind(':') + 1) + std::to_string(*port);
}

Result<Prometheus> Prometheus::Start(const std::string& program, const std::string& config,
                                     const std::string& listen, const fs::path& directory) {
  const fs::path config_file = directory / "prometheus.yml";
  const fs::path log_file = directory / "prometheus.log";
  VIRTLENS_CHECK(WritePrivateFile(config_file, config));
  VIRTLENS_CHECK(WritePrivateFile(log_file, ""));
  std::vector<std::string> words{program, "--config.file=" + config_file.string(),
                                 "--storage.tsdb.path=" + (directory / "data").string(),
                                 "--web.listen-address=" + listen, "--log.level=warn"};
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int log = open(log_file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  const pid_t parent = getpid();
  const pid_t child = log < 0 ? -1 : fork();
  if (child == 0) Become(arguments, log, parent);
  const int reason = errno;
  if (log >= 0) close(log);
  if (child < 0) {
    return Fail(Code::kInternal,
                program + ": cannot be started: " + std::generic_category().message(reason));
  }
  return Prometheus(child, listen, log_file);
}

Prometheus::Prometheus(Prometheus&& other) noexcept
    : process_(std::exchange(other.process_, 0)),
      listen_(std::move(other.listen_)),
      log_(std::move(other.log_)) {}

Prometheus::~Prometheus() {
  if (process_ == 0) return;
  kill(process_, SIGTERM);
  for (int tries = 0; tries < kStopTries; ++tries) {
    if (waitpid(process_, nullptr, WNOHANG) != 0) return;
    Clock::System().Sleep(Duration(100), std::stop_token());
  }
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

std::optional<std::string> Prometheus::Ended() {
  if (process_ == 0 || waitpid(process_, nullptr, WNOHANG) == 0) return std::nullopt;
  process_ = 0;
  return LastLine(log_);
}

}  // namespace virtlens::tools
