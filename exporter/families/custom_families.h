// The two tables of families of custom resources. One table of subjects holds all kinds; a family
// says nothing of the kinds it is not for.
//
// Thread contract: constants.
#pragma once

#include <span>

#include "exporter/families/family.h"

namespace virtlens::exporter {

// virt_cr_*: the kinds of Role::kStatus.
std::span<const Family<CustomSubject>> CustomFamilies();
// virt_snapshot_*, virt_restore_*, virt_clone_*, virt_export_*, virt_backup_*.
std::span<const Family<CustomSubject>> ProtectionFamilies();

}  // namespace virtlens::exporter
