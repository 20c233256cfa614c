#include "exporter/decode/component_pod.h"

#include "exporter/decode/json_reader.h"
#include "exporter/decode/metadata.h"

namespace virtlens::exporter {
namespace {

void ReadPorts(json::Node& ports, ComponentPodRow& row) {
  ports.EachItem([&](json::Node& port) {
    std::string name;
    int number = 0;
    port.EachField([&](json::Node& field) {
      if (field.name() == "name") field.Read(name);
      if (field.name() == "containerPort") field.Read(number);
    });
    if (number <= 0 || number > 65535) return;
    if (name == "metrics") row.metrics_port = number;
    if (name == "vmstats") row.vmstats_port = number;
  });
}

void ReadSpec(json::Node& spec, ComponentPodRow& row) {
  spec.EachField([&](json::Node& field) {
    if (field.name() == "nodeName") {
      field.Read(row.node);
    } else if (field.name() == "containers") {
      field.EachItem([&](json::Node& container) {
        container.EachField([&](json::Node& part) {
          if (part.name() == "ports") ReadPorts(part, row);
        });
      });
    }
  });
}

void ReadComponentPod(json::Node& root, ComponentPodRow& row) {
  root.EachField([&](json::Node& part) {
    if (part.name() == "metadata") {
      ReadMetadata(part, row.meta, [&](json::Node& field) {
        if (field.name() != "labels") return;
        field.EachField([&](json::Node& label) {
          if (label.name() == "kubevirt.io") label.Read(row.kubevirt_component);
          if (label.name() == "cdi.kubevirt.io") label.Read(row.cdi_component);
        });
      });
    } else if (part.name() == "spec") {
      ReadSpec(part, row);
    } else if (part.name() == "status") {
      part.EachField([&](json::Node& field) {
        if (field.name() == "podIP") field.Read(row.address);
        if (field.name() == "phase") row.running = field.Text() == "Running";
      });
    }
  });
}

}  // namespace

Result<ComponentPodRow> DecodeComponentPod(std::string_view object) {
  thread_local json::Parser parser;
  VIRTLENS_TRY(ComponentPodRow row, parser.Read<ComponentPodRow>(object, ReadComponentPod));
  if (row.meta.key.name.empty()) return Fail(Code::kDecode, "metadata.name: missing");
  return row;
}

}  // namespace virtlens::exporter
