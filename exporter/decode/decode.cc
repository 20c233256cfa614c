#include "exporter/decode/decode.h"

#include <unordered_map>
#include <utility>

#include "exporter/decode/custom.h"
#include "exporter/decode/json_reader.h"
#include "exporter/decode/kinds.h"
#include "exporter/decode/metadata.h"
#include "kube/splitter.h"

namespace virtlens::exporter {
namespace {

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
      : labels(std::move(options.vm_labels)),
        display_names(std::move(options.display_names)),
        kinds(std::move(options.kinds)) {}

  CustomReader& ReaderOf(const std::shared_ptr<const KindSpec>& kind) {
    auto& reader = readers[kind.get()];
    if (reader == nullptr) reader = std::make_unique<CustomReader>(kind);
    return *reader;
  }

  json::Parser parser;
  LabelChoice labels;
  std::vector<std::string> display_names;
  KindList kinds;
  std::unordered_map<const KindSpec*, std::unique_ptr<CustomReader>> readers;
};

Decoder::Decoder(DecodeOptions options) : state_(std::make_unique<State>(std::move(options))) {}
Decoder::~Decoder() = default;

Result<NamespaceRow> Decoder::Namespace(std::string_view object) {
  return Decode<NamespaceRow>(state_->parser, object, ReadNamespace);
}
Result<NodeRow> Decoder::Node(std::string_view object) {
  return Decode<NodeRow>(state_->parser, object, ReadNode);
}
Result<VmRow> Decoder::Vm(std::string_view object) {
  return Decode<VmRow>(state_->parser, object, [this](json::Node& root, VmRow& row) {
    ReadVm(root, state_->labels, state_->display_names, row);
  });
}
Result<VmiRow> Decoder::Vmi(std::string_view object) {
  return Decode<VmiRow>(state_->parser, object, ReadVmi);
}
Result<MigrationRow> Decoder::Migration(std::string_view object) {
  return Decode<MigrationRow>(state_->parser, object, ReadMigration);
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

Result<ObjectKey> DecodeKey(std::string_view object) {
  thread_local json::Parser parser;
  VIRTLENS_TRY(KeyRow row, Decode<KeyRow>(parser, object, ReadKey));
  return std::move(row.meta.key);
}

PaddedObject::PaddedObject(std::string_view json) : bytes_(json), size_(json.size()) {
  bytes_.append(kube::kItemPadding, '\0');
}

}  // namespace virtlens::exporter
