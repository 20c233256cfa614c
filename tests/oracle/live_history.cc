#include "tests/oracle/live_history.h"

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <stdexcept>

#include "base/fast_clock.h"
#include "exporter/exporter.h"
#include "exporter/store.h"
#include "sim/api_server/private_directory.h"
#include "tests/oracle/live_cluster.h"

namespace virtlens::oracle {
namespace {

constexpr int kTimes = 100;
constexpr std::chrono::seconds kPatience{60};

class LiveHistory {
 public:
  LiveHistory(std::uint64_t seed, std::ostream& out)
      : random_(seed), out_(out), directory_(*sim::PrivateDirectory::Create()) {
    if (!directory_.Write("kubeconfig", cluster_.kubeconfig())) {
      throw std::runtime_error("the kubeconfig is not written");
    }
    Start();
  }

  void Step() {
    Json what = Json::array();
    if (random_.Below(100) < 4) {
      const bool killed = random_.Below(2) == 0;
      what.push_back(killed ? "killed" : "restart");
      killed ? Kill() : exporter_.reset();
      Start();
    }
    if (random_.Below(100) < 5) {
      what.push_back("crd");
      cluster_.RemoveOrInstallCrd();
    }
    for (std::uint64_t i = random_.Below(6); i > 0; --i) cluster_.Change();
    if (random_.Below(100) < 25) {
      what.push_back(cluster_.Break());
      cluster_.Mend();
      for (std::uint64_t i = random_.Below(6); i > 0; --i) cluster_.Change();
    }
    Log({{"op", "step"}, {"step", ++step_}, {"what", what}});
    const std::string page = CatchUp(cluster_.Mark());
    for (auto& [kind, objects] : cluster_.List()) {
      Log({{"op", "list"}, {"kind", kind}, {"objects", std::move(objects)}});
    }
    Show(page);
    if (random_.Below(100) < 5) {
      // The last state is served all the while.
      cluster_.GoDown();
      Show(Scrape());
      cluster_.Mend();
    }
  }

 private:
  void Show(const std::string& page) {
    Log({{"op", "page"}, {"lines", std::count(page.begin(), page.end(), '\n')}});
    out_ << page;
  }
  void Log(Json line) {
    line["at"] = exporter::MicrosOf(clock_.Now());
    out_ << line.dump() << '\n';
  }

  // As by SIGKILL: what it saves while it ends is not there afterwards.
  void Kill() {
    const std::filesystem::path state = directory_.PathOf("usage");
    const std::filesystem::path before = directory_.PathOf("usage.before");
    const bool saved = std::filesystem::exists(state);
    if (saved) std::filesystem::copy_file(state, before);
    exporter_.reset();
    std::filesystem::remove(state);
    if (saved) std::filesystem::rename(before, state);
  }

  void Start() {
    exporter::Options options;
    options.kubeconfig = directory_.PathOf("kubeconfig");
    options.cluster = "c1";
    options.listen = options.telemetry_listen = "127.0.0.1:0";
    options.vm_labels = {"tier"};
    options.namespace_labels = {"site"};
    options.state = directory_.PathOf("usage");
    auto started = exporter::Exporter::Start(options, clock_);
    if (!started) throw std::runtime_error(started.error().message);
    exporter_ = std::move(*started);
    Log({{"op", "restart"}});
  }

  std::string Scrape() {
    http::ClientRequest request;
    request.url = "http://" + exporter_->address() + "/metrics";
    const auto answer = transport_->Call(request, {});
    if (!answer) throw std::runtime_error(answer.error().message);
    if (answer->status != 200)
      throw std::runtime_error("scrape: " + std::to_string(answer->status));
    return answer->body;
  }

  // A page that shows all of `lines`.
  std::string CatchUp(const std::vector<std::string>& lines) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (true) {
      std::string page = Scrape();
      const auto missing = std::find_if(lines.begin(), lines.end(), [&](const std::string& line) {
        return page.find("\n" + line + "\n") == std::string::npos;
      });
      if (missing == lines.end()) return page;
      if (std::chrono::steady_clock::now() > end) {
        throw std::runtime_error("step " + std::to_string(step_) + ": not shown: " + *missing);
      }
      Clock::System().Sleep(Duration(2), {});
    }
  }

  FastClock clock_{kTimes};
  Random random_;
  std::ostream& out_;
  sim::PrivateDirectory directory_;
  LiveCluster cluster_{clock_, random_};
  const std::unique_ptr<http::Transport> transport_ = http::MakeCurlTransport("virtlens-oracle");
  std::unique_ptr<exporter::Exporter> exporter_;
  std::uint64_t step_ = 0;
};

}  // namespace

void PlayLiveHistory(std::uint64_t steps, std::uint64_t seed, std::ostream& out) {
  LiveHistory history(seed, out);
  for (std::uint64_t step = 0; step < steps; ++step) history.Step();
}

}  // namespace virtlens::oracle
