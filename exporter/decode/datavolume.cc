#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "exporter/decode/claim_spec.h"
#include "exporter/decode/kinds.h"
#include "exporter/decode/metadata.h"

namespace virtlens::exporter {
namespace {

struct Parts {
  Owners owners;
  ClaimSpec pvc, storage;
  DataVolumeSource source;  // spec.source
  bool source_ref = false;
};

// "37.20%" -> 0.372; nullopt for "N/A", "" and anything else.
std::optional<double> ParseProgress(std::string_view text) {
  if (text.empty() || text.back() != '%') return std::nullopt;
  // A hundredth by its exponent: 37.2 / 100 would not be the number that prints as 0.372.
  const std::string ratio_text = std::string(text.substr(0, text.size() - 1)) + "e-2";
  const char* const last = ratio_text.data() + ratio_text.size();
  double ratio = 0;
  const auto [end, error] = std::from_chars(ratio_text.data(), last, ratio);
  if (error != std::errc() || end != last || !std::isfinite(ratio)) return std::nullopt;
  return std::clamp(ratio, 0.0, 1.0);
}

void ReadSpec(json::Node& spec, Parts& parts) {
  spec.EachField([&](json::Node& field) {
    const std::string_view name = field.name();
    if (name == "source") {
      field.EachField([&](json::Node& source) {
        if (!source.IsNull()) parts.source = DataVolumeSource::From(source.name());
      });
    } else if (name == "sourceRef") {
      parts.source_ref = parts.source_ref || !field.IsNull();
    } else if (name == "pvc") {
      parts.pvc.Read(field);
    } else if (name == "storage") {
      parts.storage.Read(field);
    }
  });
}

void ReadStatus(json::Node& status, DataVolumeRow& row) {
  status.EachField([&](json::Node& field) {
    const std::string_view name = field.name();
    if (name == "phase") {
      field.Read(row.phase);
    } else if (name == "progress") {
      if (const auto text = field.Text()) row.progress = ParseProgress(*text);
    } else if (name == "restartCount") {
      field.Read(row.restarts);
    } else if (name == "claimName") {
      field.Read(row.claim);
    } else if (name == "conditions") {
      ReadConditions(field, row.conditions);
    }
  });
}

DataVolumeSource SourceOf(const Parts& parts) {
  if (!parts.source.empty()) return parts.source;
  if (parts.source_ref) return DataVolumeSource::Of("sourceRef");
  const bool populated = parts.pvc.populated || parts.storage.populated;
  return populated ? DataVolumeSource::Of("populator") : DataVolumeSource();
}

}  // namespace

void ReadDataVolume(json::Node& root, DataVolumeRow& row) {
  Parts parts;
  root.EachField([&](json::Node& part) {
    if (part.name() == "metadata") {
      ReadMetadata(part, row.meta, [&](json::Node& field) {
        if (field.name() == "ownerReferences") ReadOwners(field, parts.owners);
      });
    } else if (part.name() == "spec") {
      ReadSpec(part, parts);
    } else if (part.name() == "status") {
      ReadStatus(part, row);
    }
  });
  // CDI admits only one of spec.pvc and spec.storage.
  const ClaimSpec& pvc = parts.pvc;
  const ClaimSpec& storage = parts.storage;
  row.vm_name = std::move(parts.owners.vm_name);
  row.source = SourceOf(parts);
  row.storage_class = pvc.storage_class.empty() ? storage.storage_class : pvc.storage_class;
  row.size_bytes = pvc.requested_bytes > 0 ? pvc.requested_bytes : storage.requested_bytes;
  if (row.claim.empty()) row.claim = Symbol(row.meta.key.name);
}

}  // namespace virtlens::exporter
