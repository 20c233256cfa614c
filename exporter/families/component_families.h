// The families that re-expose what KubeVirt's and CDI's components say: one a row of
// exporter/scrape/component_table.h.
//
// Thread contract: constant after first use.
#pragma once

#include "exporter/families/family.h"
#include "exporter/scrape/component_table.h"

namespace virtlens::exporter {

// The declaration of the family that a row of the component table makes.
const FamilyInfo& FamilyOfRow(std::size_t row);

}  // namespace virtlens::exporter
