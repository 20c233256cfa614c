// Recording rules for a Prometheus that scrapes KubeVirt's components itself: they join upstream's
// series with virt_vm_join_info and record them under our names and labels, from the same table as
// the exporter's own series, so that both ways give the same.
//
// Left out: rows whose labels only the exporter can know (component, target), and rows of the
// components themselves.
//
// Thread contract: pure.
#pragma once

#include <string>

namespace virtlens::exporter {

// A rule file of Prometheus 2 or 3, YAML.
std::string JoinRules();

}  // namespace virtlens::exporter
