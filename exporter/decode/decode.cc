#include "exporter/decode/decode.h"

#include <set>
#include <unordered_map>
#include <utility>

#include "base/log.h"
#include "exporter/decode/custom.h"
#include "exporter/decode/json_reader.h"
#include "exporter/decode/kinds.h"
#include "exporter/decode/metadata.h"
#include "kube/splitter.h"

namespace virtlens::exporter {
namespace {

constexpr std::size_t kMaxReportedConflicts = 100;

struct KeyRow {
  Metadata meta;
};

void ReadKey(json::Node& root, KeyRow& row) {
  root.EachField([&](json::Node& part) {
    if (part.name() == "metadata") ReadMetadata(part, row.meta, [](json::Node&) {});
  });
}

template <class Row, class Visit>
Result<Row> Decode(json::Parser& parser, std::string_view object, Visit&& visit) {
  Result<Row> row = parser.Read<Row>(object, std::forward<Visit>(visit));
  if (row && row->meta.key.name.empty()) return Fail(Code::kDecode, "metadata.name: missing");
  return row;
}

}  // namespace

struct Decoder::State {
  explicit State(DecodeOptions options)
      : vm_labels("label_", std::move(options.shown.vm_labels)),
        vm_annotations("annotation_", std::move(options.shown.vm_annotations)),
        namespace_labels("namespace_label_", std::move(options.shown.namespace_labels)),
        namespace_annotations("namespace_annotation_",
                              std::move(options.shown.namespace_annotations)),
        display_names(std::move(options.display_names)),
        kinds(std::move(options.kinds)) {}

  CustomReader& ReaderOf(const std::shared_ptr<const KindSpec>& kind) {
    auto& reader = readers[kind.get()];
    if (reader == nullptr) reader = std::make_unique<CustomReader>(kind);
    return *reader;
  }

  // Tenants choose the keys, so they must not fill the log.
  void Report(const std::vector<LabelConflict>& found, const ObjectKey& object) {
    for (const LabelConflict& conflict : found) {
      if (conflicts.size() == kMaxReportedConflicts || !conflicts.insert(conflict).second) continue;
      Warning("two keys meet in one label name; the second is shown with _conflict behind it",
              {{"namespace", std::string(object.space.text())},
               {"name", object.name},
               {"key", conflict.kept},
               {"second", conflict.renamed}});
    }
  }

  json::Parser parser;
  const LabelChoice vm_labels, vm_annotations;
  const LabelChoice namespace_labels, namespace_annotations;
  std::set<LabelConflict> conflicts;
  std::vector<std::string> display_names;
  KindList kinds;
  std::unordered_map<const KindSpec*, std::unique_ptr<CustomReader>> readers;
};

Decoder::Decoder(DecodeOptions options) : state_(std::make_unique<State>(std::move(options))) {}
Decoder::~Decoder() = default;

Result<NamespaceRow> Decoder::Namespace(std::string_view object) {
  std::vector<LabelConflict> conflicts;
  const ShownChoice shown{state_->namespace_labels, state_->namespace_annotations, conflicts};
  auto row = Decode<NamespaceRow>(state_->parser, object, [&](json::Node& root, NamespaceRow& to) {
    ReadNamespace(root, shown, to);
  });
  if (row) state_->Report(conflicts, row->meta.key);
  return row;
}
Result<NodeRow> Decoder::Node(std::string_view object) {
  return Decode<NodeRow>(state_->parser, object, ReadNode);
}
Result<VmRow> Decoder::Vm(std::string_view object) {
  std::vector<LabelConflict> conflicts;
  const ShownChoice shown{state_->vm_labels, state_->vm_annotations, conflicts};
  auto row = Decode<VmRow>(state_->parser, object, [&](json::Node& root, VmRow& to) {
    ReadVm(root, shown, state_->display_names, to);
  });
  if (row) state_->Report(conflicts, row->meta.key);
  return row;
}
Result<VmiRow> Decoder::Vmi(std::string_view object) {
  return Decode<VmiRow>(state_->parser, object, ReadVmi);
}
Result<MigrationRow> Decoder::Migration(std::string_view object) {
  return Decode<MigrationRow>(state_->parser, object, ReadMigration);
}
Result<MigrationEventRow> Decoder::MigrationEvent(std::string_view object) {
  return Decode<MigrationEventRow>(state_->parser, object, ReadMigrationEvent);
}
Result<DataVolumeRow> Decoder::DataVolume(std::string_view object) {
  return Decode<DataVolumeRow>(state_->parser, object, ReadDataVolume);
}
Result<ClaimRow> Decoder::Claim(std::string_view object) {
  return Decode<ClaimRow>(state_->parser, object, ReadClaim);
}
Result<DataImportCronRow> Decoder::DataImportCron(std::string_view object) {
  return Decode<DataImportCronRow>(state_->parser, object, ReadDataImportCron);
}
Result<LauncherRow> Decoder::Launcher(std::string_view object) {
  return Decode<LauncherRow>(state_->parser, object, ReadLauncher);
}
Result<QuotaRow> Decoder::Quota(std::string_view object) {
  return Decode<QuotaRow>(state_->parser, object, ReadQuota);
}
Result<PlatformRow> Decoder::KubeVirt(std::string_view object) {
  return Decode<PlatformRow>(state_->parser, object, ReadPlatform);
}
Result<PlatformRow> Decoder::Cdi(std::string_view object) {
  return Decode<PlatformRow>(state_->parser, object, ReadPlatform);
}

Result<CustomRow> Decoder::Custom(const std::shared_ptr<const KindSpec>& kind,
                                  std::string_view object) {
  CustomReader& reader = state_->ReaderOf(kind);
  return Decode<CustomRow>(state_->parser, object,
                           [&](json::Node& root, CustomRow& row) { reader.Read(root, row); });
}

std::shared_ptr<const KindSpec> Decoder::CustomKind(std::string_view group,
                                                    std::string_view kind) const {
  return FindKind(state_->kinds, group, kind);
}

std::size_t Decoder::repaired() const { return state_->parser.repaired(); }
std::size_t Decoder::label_conflicts() const { return state_->conflicts.size(); }

Result<ObjectKey> DecodeKey(std::string_view object) {
  thread_local json::Parser parser;
  VIRTLENS_TRY(KeyRow row, Decode<KeyRow>(parser, object, ReadKey));
  return std::move(row.meta.key);
}

PaddedObject::PaddedObject(std::string_view json) : bytes_(json), size_(json.size()) {
  bytes_.append(kube::kItemPadding, '\0');
}

}  // namespace virtlens::exporter
