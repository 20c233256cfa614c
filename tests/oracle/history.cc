#include "tests/oracle/history.h"

#include <functional>
#include <ostream>

#include "base/fake_clock.h"
#include "exporter/decode/decode.h"
#include "exporter/object_loader.h"
#include "exporter/store.h"
#include "exporter/usage_state.h"
#include "tests/oracle/history_world.h"

namespace virtlens::oracle {
namespace {

using exporter::Decoder;
using exporter::Inventory;
using exporter::Listing;
using exporter::Micros;
using exporter::ObjectKey;
using exporter::PaddedObject;
using exporter::Symbol;
using exporter::UsageWatch;

struct Kind {
  const char* name;
  void (*remove)(Inventory&, const ObjectKey&, Micros);
  std::function<void(Inventory&, Decoder&, const std::map<ObjectName, Json>&, Micros)> replace;
};

template <class Row>
Kind KindOf(const char* name, Result<Row> (Decoder::*decode)(std::string_view)) {
  return {name,
          [](Inventory& inventory, const ObjectKey& key, Micros now) {
            inventory.Remove<Row>(key, now);
          },
          [decode](Inventory& inventory, Decoder& decoder,
                   const std::map<ObjectName, Json>& objects, Micros now) {
            Listing<Row> listing;
            for (const auto& [object_name, object] : objects) {
              auto row = (decoder.*decode)(PaddedObject(object.dump()).view());
              listing.rows.push_back(std::move(row.value()));
            }
            inventory.Replace(std::move(listing), now);
          }};
}

std::vector<Kind> Kinds() {
  using namespace exporter;
  return {KindOf<NamespaceRow>("Namespace", &Decoder::Namespace),
          KindOf<ClaimRow>("PersistentVolumeClaim", &Decoder::Claim),
          KindOf<VmRow>("VirtualMachine", &Decoder::Vm),
          KindOf<VmiRow>("VirtualMachineInstance", &Decoder::Vmi),
          KindOf<MigrationRow>("VirtualMachineInstanceMigration", &Decoder::Migration),
          KindOf<DataVolumeRow>("DataVolume", &Decoder::DataVolume)};
}

class History {
 public:
  History(std::uint64_t seed, std::ostream& out) : random_(seed), out_(out) { Restart(); }

  void Step() {
    clock_.Advance(std::chrono::milliseconds(random_.Below(4000)));
    const std::uint64_t dice = random_.Below(1000);
    if (dice < 5) {
      Restart();
    } else if (dice < 12) {
      blind_ ? Recover() : Break();
    } else if (dice < 17) {
      RemoveOrInstall();
    } else if (auto change = world_.Step()) {
      Tell(*change);
    }
    Show();
  }

 private:
  void Log(Json line) {
    line["at"] = exporter::MicrosOf(clock_.Now());
    out_ << line.dump() << '\n';
  }
  void SetWatch(UsageWatch watch, const char* name) {
    store_->Update([&](Inventory& inventory, Micros now) { inventory.SetUsageWatch(watch, now); });
    Log({{"op", "watch"}, {"state", name}});
  }

  void Tell(const Change& change) {
    const bool machine = change.kind == "VirtualMachine" || change.kind == "VirtualMachineInstance";
    if (blind_ && machine) return;  // the list after the outage tells it
    if (change.kind == absent_) return world_.Clear(absent_);
    if (!change.object.is_null()) {
      exporter::LoadObject(PaddedObject(change.object.dump()).view(), decoder_, *store_);
      return Log({{"op", "put"}, {"object", change.object}});
    }
    for (const Kind& kind : kinds_) {
      if (kind.name != change.kind) continue;
      store_->Update([&](Inventory& inventory, Micros now) {
        kind.remove(inventory, {Symbol(change.name.space), change.name.name}, now);
      });
    }
    Log({{"op", "delete"},
         {"kind", change.kind},
         {"namespace", change.name.space},
         {"name", change.name.name}});
  }

  void List(const Kind& kind) {
    const auto& objects = world_.Objects(kind.name);
    store_->Update(
        [&](Inventory& inventory, Micros now) { kind.replace(inventory, decoder_, objects, now); });
    Json list = Json::array();
    for (const auto& [name, object] : objects) list.push_back(object);
    Log({{"op", "list"}, {"kind", kind.name}, {"objects", std::move(list)}});
  }

  // The exporter ends and starts again, from what was saved, and lists in any order.
  void Restart() {
    clock_.Advance(std::chrono::seconds(random_.Below(40)));
    store_ = std::make_unique<exporter::Store>("c1", clock_);
    store_->Update([&](Inventory& inventory, Micros now) {
      inventory.CountSince(now);
      inventory.MeterUsage({.held = true});
      inventory.SetUsageWatch(UsageWatch::kStarting, now);
      if (!saved_.empty()) inventory.RestoreUsage(*exporter::ParseUsageState(saved_));
    });
    Log({{"op", "restart"}});
    std::vector<Kind> order = kinds_;
    for (std::size_t i = order.size(); i > 1; --i) {
      std::swap(order[i - 1], order[random_.Below(i)]);
    }
    for (const Kind& kind : order) {
      clock_.Advance(std::chrono::milliseconds(random_.Below(300)));
      if (kind.name != absent_) List(kind);
    }
    blind_ = false;
    SetWatch(UsageWatch::kCurrent, "current");
  }

  void Break() {
    blind_ = true;
    SetWatch(UsageWatch::kBlind, "blind");
  }
  void Recover() {
    for (const Kind& kind : kinds_) {
      const std::string_view name = kind.name;
      const bool machine = name == "VirtualMachine" || name == "VirtualMachineInstance";
      if (machine && name != absent_) List(kind);
    }
    blind_ = false;
    SetWatch(UsageWatch::kCurrent, "current");
  }

  // A CRD goes, and its objects with it; or the one that is gone comes back.
  void RemoveOrInstall() {
    if (blind_) return;
    if (absent_.empty()) {
      const Kind& kind = kinds_[2 + random_.Below(kinds_.size() - 2)];
      absent_ = kind.name;
      world_.Clear(absent_);
      List(kind);
    } else {
      absent_.clear();
    }
  }

  void Show() {
    std::optional<exporter::UsageSnapshot> snapshot;
    store_->Update(
        [&](Inventory& inventory, Micros now) { snapshot = inventory.FreezeUsage(now); });
    if (snapshot) {
      saved_ = exporter::UsageStateText(*snapshot);
      store_->Update([](Inventory& inventory, Micros) { inventory.ReleaseUsage(); });
    }
    std::string text;
    http::Response response = store_->Scrape()->Respond(exporter::Format::kText, false);
    auto& next = std::get<http::BodyGenerator>(response.body);
    for (std::string piece; next(piece);) text += piece;
    Log({{"op", "page"}, {"lines", std::count(text.begin(), text.end(), '\n')}});
    out_ << text;
  }

  FakeClock clock_;
  Random random_;
  std::ostream& out_;
  Decoder decoder_;
  const std::vector<Kind> kinds_ = Kinds();
  World world_{clock_, random_};
  std::unique_ptr<exporter::Store> store_;
  std::string saved_;   // the state file's text
  std::string absent_;  // the kind whose CRD is not installed
  bool blind_ = false;
};

}  // namespace

void PlayHistory(std::uint64_t steps, std::uint64_t seed, std::ostream& out) {
  History history(seed, out);
  for (std::uint64_t step = 0; step < steps; ++step) history.Step();
}

}  // namespace virtlens::oracle
