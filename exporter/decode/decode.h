// JSON of one object -> its row, with simdjson on demand: only the fields that a row holds are
// read.
//
// Input: one object, with kube::kItemPadding readable bytes after it (kube::ReflectorReceiver gives
// that; PaddedObject makes it). Unknown fields are skipped, missing ones leave the row's defaults,
// a field of the wrong type or a missing name is Code::kDecode naming the path. Text is repaired to
// UTF-8, so nothing a tenant wrote can break a scrape. Several served versions of a kind decode
// with the same function.
//
// Thread contract: one Decoder per thread (it owns the parser's buffers).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "exporter/rows/custom_row.h"
#include "exporter/rows/rows.h"

namespace virtlens::exporter {

// Keys of labels and annotations that series show (virt_vm_labels): "team", "example.io/*", of
// labels also "*".
struct ShownKeys {
  std::vector<std::string> vm_labels{}, vm_annotations{};
  std::vector<std::string> namespace_labels{}, namespace_annotations{};
};

struct DecodeOptions {
  ShownKeys shown{};
  // Annotations of a VirtualMachine that hold the name people gave it; the first that is there.
  std::vector<std::string> display_names = {"kubesphere.io/alias-name"};
  // The custom resources that are read.
  KindList kinds = BuiltinKinds();
};

class Decoder {
 public:
  explicit Decoder(DecodeOptions options = {});
  ~Decoder();

  Result<NamespaceRow> Namespace(std::string_view object);
  Result<NodeRow> Node(std::string_view object);
  Result<VmRow> Vm(std::string_view object);
  Result<VmiRow> Vmi(std::string_view object);
  Result<MigrationRow> Migration(std::string_view object);
  Result<MigrationEventRow> MigrationEvent(std::string_view object);
  Result<DataVolumeRow> DataVolume(std::string_view object);
  Result<ClaimRow> Claim(std::string_view object);
  Result<DataImportCronRow> DataImportCron(std::string_view object);
  Result<LauncherRow> Launcher(std::string_view object);
  Result<QuotaRow> Quota(std::string_view object);
  Result<PlatformRow> KubeVirt(std::string_view object);
  Result<PlatformRow> Cdi(std::string_view object);
  Result<CustomRow> Custom(const std::shared_ptr<const KindSpec>& kind, std::string_view object);

  // The custom kind of that group and name among those that are read; null when there is none.
  std::shared_ptr<const KindSpec> CustomKind(std::string_view group, std::string_view kind) const;

  // Ill-formed UTF-8 sequences replaced so far.
  std::size_t repaired() const;
  // Pairs of keys that met in one label name so far; each is logged once, and after the first
  // hundred no more are looked for.
  std::size_t label_conflicts() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// "namespace/name" of an object, for DELETED events and for errors; kDecode when it has no name.
Result<ObjectKey> DecodeKey(std::string_view object);

// A copy of `json` with padding, for callers that have none.
class PaddedObject {
 public:
  explicit PaddedObject(std::string_view json);
  std::string_view view() const { return std::string_view(bytes_).substr(0, size_); }

 private:
  std::string bytes_;
  std::size_t size_;
};

}  // namespace virtlens::exporter
