#include "tests/oracle/history.h"

#include <algorithm>

#include "base/fake_clock.h"
#include "tests/oracle/feed.h"
#include "tests/oracle/history_world.h"

namespace virtlens::oracle {
namespace {

using exporter::UsageWatch;

// What a list after an outage tells.
bool IsMachine(const std::string& kind) {
  return kind == "VirtualMachine" || kind == "VirtualMachineInstance";
}
// Their CRDs come and go.
bool IsCustom(const std::string& kind) {
  return kind != "Namespace" && kind != "Node" && kind != "PersistentVolumeClaim" &&
         kind != "Pod" && kind != "ResourceQuota";
}

class History {
 public:
  History(std::uint64_t seed, std::ostream& out) : random_(seed), feed_(clock_, out) { Restart(); }

  void Step() {
    clock_.Advance(std::chrono::milliseconds(random_.Below(4000)));
    const std::uint64_t dice = random_.Below(1000);
    if (dice < 5) {
      Restart();
    } else if (dice < (blind_ ? 60 : 12)) {
      blind_ ? Recover() : Break();
    } else if (dice >= 995) {
      RemoveOrInstall();
    } else if (auto change = world_.Step()) {
      Tell(*change);
    }
    feed_.Page();
  }

 private:
  void Tell(const Change& change) {
    if (blind_ && IsMachine(change.kind)) return;
    if (change.kind == absent_) return world_.Clear(absent_);
    if (change.object.is_null()) return feed_.Delete(change.kind, change.name);
    feed_.Put(change.object);
  }

  // The exporter ends and starts again, from what was saved, and lists in any order.
  void Restart() {
    clock_.Advance(std::chrono::seconds(random_.Below(40)));
    feed_.Restart();
    std::vector<std::string> order = feed_.Kinds();
    for (std::size_t i = order.size(); i > 1; --i) {
      std::swap(order[i - 1], order[random_.Below(i)]);
    }
    for (const std::string& kind : order) {
      clock_.Advance(std::chrono::milliseconds(random_.Below(300)));
      if (kind != absent_) feed_.List(kind, world_.Objects(kind));
    }
    blind_ = false;
    feed_.SetWatch(UsageWatch::kCurrent);
  }

  void Break() {
    blind_ = true;
    feed_.SetWatch(UsageWatch::kBlind);
  }
  void Recover() {
    for (const std::string& kind : feed_.Kinds()) {
      if (IsMachine(kind) && kind != absent_) feed_.List(kind, world_.Objects(kind));
    }
    blind_ = false;
    feed_.SetWatch(UsageWatch::kCurrent);
  }

  // A CRD goes, and its objects with it; or the one that is gone comes back.
  void RemoveOrInstall() {
    if (blind_) return;
    if (!absent_.empty()) return absent_.clear();
    std::vector<std::string> custom = feed_.Kinds();
    std::erase_if(custom, [](const std::string& kind) { return !IsCustom(kind); });
    absent_ = custom[random_.Below(custom.size())];
    world_.Clear(absent_);
    feed_.List(absent_, {});
  }

  FakeClock clock_;
  Random random_;
  World world_{clock_, random_, true};
  Feed feed_;
  std::string absent_;  // the kind whose CRD is not installed
  bool blind_ = false;
};

}  // namespace

void PlayHistory(std::uint64_t steps, std::uint64_t seed, std::ostream& out) {
  History history(seed, out);
  for (std::uint64_t step = 0; step < steps; ++step) history.Step();
}

}  // namespace virtlens::oracle
