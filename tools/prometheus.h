// A Prometheus of our own: found, configured to scrape what we expose, started, stopped.
//
// Thread contract: one thread, which must not end before the Prometheus (the kernel would kill it).
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace virtlens::tools {

// The program named by `wanted` (a file or its directory), else by $VIRTLENS_PROMETHEUS, else on
// PATH. nullopt: none of the three. kInvalidArgument: one of the first two names none.
Result<std::optional<std::string>> FindPrometheus(const std::string& wanted);

// `targets` are addresses; `interval` as Prometheus writes durations.
std::string PrometheusConfig(const std::vector<std::string>& targets, const std::string& interval);

// `preferred` when nobody listens there, else a free port on the same address. kInvalidArgument
// when it is not ADDR:PORT of this machine.
Result<std::string> FreeAddress(const std::string& preferred);

class Prometheus {
 public:
  // `directory` gets config, data and log.
  static Result<Prometheus> Start(const std::string& program, const std::string& config,
                                  const std::string& listen,
                                  const std::filesystem::path& directory);
  Prometheus(Prometheus&& other) noexcept;
  Prometheus& operator=(Prometheus&&) = delete;
  ~Prometheus();  // SIGTERM, and SIGKILL after 10 s

  std::string url() const { return "http://" + listen_; }
  // The last line of its log once it has ended by itself.
  std::optional<std::string> Ended();

 private:
  Prometheus(pid_t process, std::string listen, std::filesystem::path log)
      : process_(process), listen_(std::move(listen)), log_(std::move(log)) {}

  pid_t process_;  // 0: ended or moved from
  std::string listen_;
  std::filesystem::path log_;
};

}  // namespace virtlens::tools
