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

// Lines of about 500 VMs' worth of one family, with the labels that VMs really carry.
inline std::string ComponentPage(std::size_t bytes = 500'000) {
  std::string noise, vms;
  noise =
      "# HELP kubevirt_rest_client_request_latency_seconds Request latency in seconds.\n"
      "# TYPE kubevirt_rest_client_request_latency_seconds histogram\n";
  for (int i = 0; noise.size() < bytes * 9 / 10; ++i) {
    const std::string n = std::to_string(i);
    AppendHistogram(
        noise, "kubevirt_rest_client_request_latency_seconds",
        "url=\"https://10.96.0.1:443/apis/kubevirt.io/v1/virtualmachines/" + n + "\",verb=\"GET\"");
    AppendHistogram(noise, "kubevirt_workqueue_queue_duration_seconds",
                    "name=\"virt-controller-" + n + "\"");
  }
  vms =
      "# HELP kubevirt_vmi_cpu_usage_seconds_total Total CPU time.\n"
      "# TYPE kubevirt_vmi_cpu_usage_seconds_total counter\n";
  for (int i = 0; vms.size() < bytes / 10; ++i) {
    vms +=
        "kubevirt_vmi_cpu_usage_seconds_total{kubernetes_vmi_label_kubevirt_io_nodeName="
        "\"node-1\",kubernetes_vmi_label_app=\"shop\",name=\"vm-" +
        std::to_string(i) + "\",namespace=\"project-" + std::to_string(i % 50) +
        "\",node=\"node-1\"} " + std::to_string(i) + ".25\n";
  }
  return noise + vms;
}

}  // namespace virtlens::exporter
