#include "exporter/object_loader.h"

#include <simdjson.h>

#include <optional>

#include "base/log.h"
#include "kube/splitter.h"

namespace virtlens::exporter {
namespace {

struct ObjectType {
  std::string group;
  std::string kind;
};

// apiVersion and kind, from the padded object.
std::optional<ObjectType> TypeOf(std::string_view json) {
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  simdjson::ondemand::object object;
  if (parser.iterate(json, json.size() + kube::kItemPadding).get(document) != simdjson::SUCCESS ||
      document.get_object().get(object) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  std::string_view api_version;
  std::string_view kind;
  if (object["apiVersion"].get(api_version) != simdjson::SUCCESS ||
      object["kind"].get(kind) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  const std::size_t slash = api_version.find('/');
  const bool core = slash == std::string_view::npos;
  return ObjectType{std::string(core ? "" : api_version.substr(0, slash)), std::string(kind)};
}

template <class Row, class Apply>
Loaded Take(Result<Row> row, std::string_view kind, std::string_view json, Store& store,
            Apply apply) {
  if (!row) {
    const auto key = DecodeKey(json);
    Warning("object does not decode", {{"kind", std::string(kind)},
                                       {"name", key ? key->name : std::string("(no name)")},
                                       {"error", row.error().message}});
    return Loaded::kMalformed;
  }
  store.Update([&](Inventory& inventory, Micros now) { apply(inventory, std::move(*row), now); });
  return Loaded::kTaken;
}

template <class Row>
Loaded TakeRow(Result<Row> row, std::string_view kind, std::string_view json, Store& store) {
  return Take(std::move(row), kind, json, store, [](Inventory& inventory, Row taken, Micros now) {
    inventory.Upsert(std::move(taken), now);
  });
}

Loaded TakePlatform(Result<PlatformRow> row, std::string_view component, std::string_view json,
                    Store& store) {
  return Take(std::move(row), component, json, store,
              [&](Inventory& inventory, PlatformRow taken, Micros) {
                inventory.UpsertPlatform(component, std::move(taken));
              });
}

}  // namespace

Loaded LoadObject(std::string_view json, Decoder& decoder, Store& store) {
  const auto type = TypeOf(json);
  if (!type) return Loaded::kMalformed;
  const std::string_view group = type->group;
  const std::string_view kind = type->kind;
  if (group.empty() && kind == "Namespace") {
    return TakeRow(decoder.Namespace(json), kind, json, store);
  }
  if (group.empty() && kind == "Node") return TakeRow(decoder.Node(json), kind, json, store);
  if (group.empty() && kind == "PersistentVolumeClaim") {
    return TakeRow(decoder.Claim(json), kind, json, store);
  }
  if (group.empty() && kind == "Pod") return TakeRow(decoder.Launcher(json), kind, json, store);
  if (group.empty() && kind == "ResourceQuota") {
    return TakeRow(decoder.Quota(json), kind, json, store);
  }
  if (group == "kubevirt.io") {
    if (kind == "VirtualMachine") return TakeRow(decoder.Vm(json), kind, json, store);
    if (kind == "VirtualMachineInstance") return TakeRow(decoder.Vmi(json), kind, json, store);
    if (kind == "VirtualMachineInstanceMigration") {
      return TakeRow(decoder.Migration(json), kind, json, store);
    }
    if (kind == "KubeVirt") return TakePlatform(decoder.KubeVirt(json), "kubevirt", json, store);
  }
  if (group == "cdi.kubevirt.io") {
    if (kind == "DataVolume") return TakeRow(decoder.DataVolume(json), kind, json, store);
    if (kind == "DataImportCron") return TakeRow(decoder.DataImportCron(json), kind, json, store);
    if (kind == "CDI") return TakePlatform(decoder.Cdi(json), "cdi", json, store);
  }
  if (const auto custom = decoder.CustomKind(group, kind)) {
    return Take(decoder.Custom(custom, json), kind, json, store,
                [](Inventory& inventory, CustomRow taken, Micros) {
                  inventory.UpsertCustom(std::move(taken));
                });
  }
  return Loaded::kIgnored;
}

}  // namespace virtlens::exporter
