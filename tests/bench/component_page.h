// A page as a busy virt-controller's: 90 % about its own HTTP client and queues, 10 % of VMs.
//
// Thread contract: pure.
#pragma once

#include <string>

namespace virtlens::exporter {

inline void AppendHistogram(std::string& page, const std::string& name, const std::string& labels) {
  for (const char* const le : {"0.001", "0.002", "0.004", "0.008", "0.016", "0.032", "0.064",
                               "0.128", "0.256", "0.512", "1.024", "+Inf"}) {
    page += name + "_bucket{" + labels + ",le=\"" + le + "\"} 12\n";
  }
  page += name + "_sum{" + labels + "} 0.0123456789\n" + name + "_count{" + labels + "} 12\n";
}

inline void AppendNoise(std::string& page, const std::string& name, const std::string& labels,
                        std::size_t bytes) {
  page += "# HELP " + name + " How long it took.\n# TYPE " + name + " histogram\n";
  const std::size_t end = page.size() + bytes;
  for (int i = 0; page.size() < end; ++i) {
    AppendHistogram(page, name, labels + std::to_string(i) + "\"");
  }
}

inline std::string ComponentPage(std::size_t bytes = 500'000) {
  std::string page;
  AppendNoise(page, "kubevirt_rest_client_request_latency_seconds",
              "verb=\"GET\",url=\"https://10.96.0.1:443/apis/kubevirt.io/v1/virtualmachines/",
              bytes * 7 / 10);
  AppendNoise(page, "kubevirt_workqueue_queue_duration_seconds", "name=\"virt-controller-",
              bytes * 2 / 10);
  page +=
      "# HELP kubevirt_vmi_cpu_usage_seconds_total Total CPU time.\n"
      "# TYPE kubevirt_vmi_cpu_usage_seconds_total counter\n";
  for (int i = 0; page.size() < bytes; ++i) {
    page +=
        "kubevirt_vmi_cpu_usage_seconds_total{kubernetes_vmi_label_kubevirt_io_nodeName="
        "\"node-1\",kubernetes_vmi_label_app=\"shop\",name=\"vm-" +
        std::to_string(i) + "\",namespace=\"project-" + std::to_string(i % 50) +
        "\",node=\"node-1\"} " + std::to_string(i) + ".25\n";
  }
  return page;
}

}  // namespace virtlens::exporter
