// The family table as documents: docs/metrics.md for people, JSON for rules and dashboards.
//
// Both are generated (`virtlens metrics -o markdown|json`) and `make test` fails when the copies in
// docs/ differ.
//
// Thread contract: pure functions.
#pragma once

#include <string>

namespace virtlens::exporter {

std::string CatalogMarkdown();

// {"families": {"virt_vm_info": {"type": "info", "unit": "", "labels": ["workspace", ...],
//   "resource": "virtualmachines", "stability": "stable", "source": "...", "help": "..."}, ...}}
std::string CatalogJson();

}  // namespace virtlens::exporter
