// The exporter as a whole: sources -> store -> /metrics. Used by virtlens-exporter and, in one
// process with the simulator, by `virtlens demo`.
//
// Endpoints on Options::listen:            on Options::telemetry_listen:
//   /metrics  the platform's series          /metrics  the program's own
//   /readyz   every source synced or absent  /readyz, /livez
//   /livez    the process answers
//   /         a page for people
//
// Thread contract: Start and Stop by one thread; the rest from any.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "exporter/options.h"

namespace virtlens::exporter {

struct ExporterStatus {
  bool ready = false;
  std::uint64_t vms = 0;           // VirtualMachines held
  std::uint64_t series_bytes = 0;  // text of the last scrape
  std::uint64_t gzip_bytes = 0;
  std::uint64_t seals = 0;
};

class Exporter {
 public:
  virtual ~Exporter() = default;  // stops

  // Reads the kubeconfig, binds both addresses, starts watching. Fails for what a restart with the
  // same options would fail for again (bad kubeconfig, port in use); an API server that is away is
  // not an error.
  static Result<std::unique_ptr<Exporter>> Start(const Options& options, Clock& clock);

  virtual std::string address() const = 0;  // "127.0.0.1:8080"
  virtual std::string telemetry_address() const = 0;
  virtual ExporterStatus status() const = 0;

  // Readiness off, listeners closed, running scrapes finished (30 s at most), watches ended.
  virtual void Stop() = 0;
};

}  // namespace virtlens::exporter
