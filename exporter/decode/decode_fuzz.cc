// Arbitrary bytes through every decoder: no crash, and whatever comes out is well-formed UTF-8.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/text.h"
#include "exporter/decode/component_pod.h"
#include "exporter/decode/decode.h"

namespace {

using virtlens::Result;
using virtlens::exporter::Decoder;

template <class Row>
void Check(const Result<Row>& row) {
  if (!row) {
    if (!virtlens::IsUtf8(row.error().message)) std::abort();
    return;
  }
  const auto& meta = row->meta;
  if (meta.key.name.empty() || !virtlens::IsUtf8(meta.key.name)) std::abort();
  if (!virtlens::IsUtf8(meta.key.space.text()) || !virtlens::IsUtf8(meta.uid)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Decoder decoder({.shown = {.vm_labels = {"*"},
                                    .vm_annotations = {"*"},
                                    .namespace_labels = {"*"},
                                    .namespace_annotations = {"*"}}});
  const virtlens::exporter::PaddedObject object(
      std::string_view(reinterpret_cast<const char*>(data), size));
  const std::string_view json = object.view();
  Check(decoder.Namespace(json));
  Check(decoder.Node(json));
  Check(decoder.Vm(json));
  Check(decoder.Vmi(json));
  Check(decoder.MigrationEvent(json));
  Check(decoder.Launcher(json));
  Check(decoder.Quota(json));
  Check(decoder.Migration(json));
  Check(decoder.DataVolume(json));
  Check(decoder.Claim(json));
  Check(decoder.DataImportCron(json));
  Check(decoder.KubeVirt(json));
  Check(decoder.Cdi(json));
  Check(virtlens::exporter::DecodeComponentPod(json));
  const auto key = virtlens::exporter::DecodeKey(json);
  if (key && !virtlens::IsUtf8(key->name)) std::abort();
  return 0;
}
