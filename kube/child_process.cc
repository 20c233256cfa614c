#include "kube/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

namespace virtlens::kube {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kErrorOutputKept = 4 * 1024;
// How soon an ended child or a stop request is noticed.
constexpr int kPollMilliseconds = 20;

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { Close(); }
  void Close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

struct Pipe {
  Descriptor read;
  Descriptor write;
};

Result<Pipe> OpenPipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return Fail(Code::kInternal, "pipe: " + std::generic_category().message(errno));
  }
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

Result<pid_t> Spawn(const ChildCommand& command, const Pipe& output, const Pipe& error_output) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  if (!command.inherit_input) {
    ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  }
  ::posix_spawn_file_actions_adddup2(&actions, output.write.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, error_output.write.get(), STDERR_FILENO);
  sigset_t none;
  sigset_t all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  // A group of its own, so that its children can be killed with it; but a program in the background
  // may not read the terminal.
  unsigned flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  if (!command.inherit_input) flags |= POSIX_SPAWN_SETPGROUP;
  ::posix_spawnattr_setflags(&attributes, static_cast<short>(flags));

  std::vector<std::string> arguments = command.arguments;
  std::vector<std::string> environment = command.environment;
  pid_t child = -1;
  const int error = ::posix_spawnp(&child, arguments.front().c_str(), &actions, &attributes,
                                   Pointers(arguments).data(), Pointers(environment).data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    return Fail(error == ENOENT ? Code::kNotFound : Code::kInternal,
                std::generic_category().message(error));
  }
  return child;
}

// Reads what is there now; false at the end of the pipe.
bool Drain(Descriptor& pipe, std::string& into, std::size_t limit) {
  std::array<char, 16 * 1024> piece;
  while (pipe.get() >= 0) {
    const ssize_t count = ::read(pipe.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return true;  // nothing more for now
    if (count == 0) break;
    if (into.size() <= limit) into.append(piece.data(), static_cast<std::size_t>(count));
    if (into.size() > limit) return true;  // the caller decides; do not read for ever
  }
  pipe.Close();
  return false;
}

class Child {
 public:
  Child(pid_t pid, bool group) : pid_(pid), group_(group) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { Kill(); }

  std::optional<int> Ended() {
    int status = 0;
    if (pid_ < 0 || ::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  void Kill() {
    if (pid_ < 0) return;
    ::kill(group_ ? -pid_ : pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  pid_t pid_;
  const bool group_;
};

}  // namespace

Result<ChildOutcome> RunChild(const ChildCommand& command, std::stop_token stop) {
  VIRTLENS_TRY(Pipe output, OpenPipe());
  VIRTLENS_TRY(Pipe error_output, OpenPipe());
  VIRTLENS_TRY(const pid_t pid, Spawn(command, output, error_output));
  Child child(pid, !command.inherit_input);
  output.write.Close();
  error_output.write.Close();

  const auto deadline = steady_clock::now() + command.time_limit;
  ChildOutcome outcome;
  std::string errors;
  while (true) {
    // Asked before the pipes are read: what an ended child wrote is all there then. Its pipes may
    // stay open for longer, in a process that it left behind.
    const std::optional<int> status = child.Ended();
    Drain(output.read, outcome.output, command.output_limit);
    errors.clear();
    Drain(error_output.read, errors, command.output_limit);
    outcome.error_output += errors.substr(0, kErrorOutputKept - outcome.error_output.size());
    if (outcome.output.size() > command.output_limit) {
      return Fail(Code::kDecode,
                  "it prints more than " + std::to_string(command.output_limit) + " bytes");
    }
    if (status) {
      outcome.exit_status = *status;
      return outcome;
    }
    if (stop.stop_requested()) return Fail(Code::kCanceled, "stopped");
    if (steady_clock::now() >= deadline) {
      return Fail(Code::kTimeout,
                  "it runs for more than " + std::to_string(command.time_limit.count()) + " ms");
    }
    std::array<pollfd, 2> pipes{
        {{output.read.get(), POLLIN, 0}, {error_output.read.get(), POLLIN, 0}}};
    ::poll(pipes.data(), pipes.size(), kPollMilliseconds);
  }
}

}  // namespace virtlens::kube
