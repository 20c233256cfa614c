#include "tests/oracle/feed.h"

#include <algorithm>
#include <optional>
#include <ostream>

#include "exporter/exposition/testing/page_text.h"
#include "exporter/object_loader.h"
#include "exporter/usage_state.h"

namespace virtlens::oracle {

using exporter::Decoder;
using exporter::Inventory;
using exporter::Listing;
using exporter::Micros;
using exporter::ObjectKey;
using exporter::PaddedObject;
using exporter::Symbol;
using exporter::UsageWatch;

template <class Row>
Feed::Kind Feed::KindOf(Result<Row> (Decoder::*decode)(std::string_view)) {
  return {[](Inventory& inventory, const ObjectKey& key, Micros now) {
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

Feed::Kind Feed::KindOf(const char* group, const char* name) {
  const auto spec = exporter::FindKind(exporter::BuiltinKinds(), group, name);
  return {[spec](Inventory& inventory, const ObjectKey& key, Micros) {
            inventory.RemoveCustom(*spec, key);
          },
          [spec](Inventory& inventory, Decoder& decoder, const std::map<ObjectName, Json>& objects,
                 Micros) {
            Listing<exporter::CustomRow> listing;
            for (const auto& [object_name, object] : objects) {
              auto row = decoder.Custom(spec, PaddedObject(object.dump()).view());
              listing.rows.push_back(std::move(row.value()));
            }
            inventory.ReplaceCustom(*spec, std::move(listing));
          }};
}

std::map<std::string, Feed::Kind> Feed::AllKinds() {
  return {{"Namespace", KindOf(&Decoder::Namespace)},
          {"Node", KindOf(&Decoder::Node)},
          {"PersistentVolumeClaim", KindOf(&Decoder::Claim)},
          {"Pod", KindOf(&Decoder::Launcher)},
          {"ResourceQuota", KindOf(&Decoder::Quota)},
          {"VirtualMachine", KindOf(&Decoder::Vm)},
          {"VirtualMachineInstance", KindOf(&Decoder::Vmi)},
          {"VirtualMachineInstanceMigration", KindOf(&Decoder::Migration)},
          {"DataVolume", KindOf(&Decoder::DataVolume)},
          {"VolumeSnapshot", KindOf("snapshot.storage.k8s.io", "VolumeSnapshot")},
          {"Wukong", KindOf("vm.novasphere.dev", "Wukong")},
          {"VirtualDisk", KindOf("virtualization.kubesphere.io", "VirtualDisk")}};
}

Feed::Feed(Clock& clock, std::ostream& log)
    : clock_(clock),
      log_(log),
      decoder_({.shown = {.vm_labels = {"tier"}, .namespace_labels = {"site"}}}) {}

std::vector<std::string> Feed::Kinds() const {
  std::vector<std::string> names;
  for (const auto& [name, kind] : kinds_) names.push_back(name);
  return names;
}

void Feed::Log(Json line) {
  line["at"] = exporter::MicrosOf(clock_.Now());
  log_ << line.dump() << '\n';
}

void Feed::Restart() {
  store_ = std::make_unique<exporter::Store>("c1", clock_);
  store_->Update([&](Inventory& inventory, Micros now) {
    inventory.CountSince(now);
    inventory.MeterUsage({.held = true});
    inventory.SetUsageWatch(UsageWatch::kStarting, now);
    inventory.SetHeartbeatSourcesCurrent(false, now);
    if (!saved_.empty()) inventory.RestoreUsage(*exporter::ParseUsageState(saved_));
  });
  Log({{"op", "restart"}});
}

void Feed::SetWatch(UsageWatch watch) {
  store_->Update([&](Inventory& inventory, Micros now) {
    inventory.SetHeartbeatSourcesCurrent(watch == UsageWatch::kCurrent, now);
    inventory.SetUsageWatch(watch, now);
  });
  const char* const state = watch == UsageWatch::kCurrent ? "current"
                            : watch == UsageWatch::kBlind ? "blind"
                                                          : "starting";
  Log({{"op", "watch"}, {"state", state}});
}

void Feed::Put(const Json& object) {
  exporter::LoadObject(PaddedObject(object.dump()).view(), decoder_, *store_);
  Log({{"op", "put"}, {"object", object}});
}

void Feed::Delete(const std::string& kind, const ObjectName& name) {
  store_->Update([&](Inventory& inventory, Micros now) {
    kinds_.at(kind).remove(inventory, {Symbol(name.space), name.name}, now);
  });
  Log({{"op", "delete"}, {"kind", kind}, {"namespace", name.space}, {"name", name.name}});
}

void Feed::List(const std::string& kind, const std::map<ObjectName, Json>& objects) {
  store_->Update([&](Inventory& inventory, Micros now) {
    kinds_.at(kind).replace(inventory, decoder_, objects, now);
  });
  Json list = Json::array();
  for (const auto& [name, object] : objects) list.push_back(object);
  Log({{"op", "list"}, {"kind", kind}, {"objects", std::move(list)}});
}

void Feed::Save() {
  std::optional<exporter::UsageSnapshot> snapshot;
  store_->Update([&](Inventory& inventory, Micros now) { snapshot = inventory.FreezeUsage(now); });
  if (!snapshot) return;
  saved_ = exporter::UsageStateText(*snapshot);
  store_->Update([](Inventory& inventory, Micros) { inventory.ReleaseUsage(); });
}

void Feed::Page() {
  Save();
  const std::string text = exporter::PageText(*store_->Scrape());
  Log({{"op", "page"}, {"lines", std::count(text.begin(), text.end(), '\n')}});
  log_ << text;
}

}  // namespace virtlens::oracle
