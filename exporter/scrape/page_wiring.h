// Where scraping meets the reader of pages and the inventory that keeps its samples.
//
// Thread contract: OpenComponentPage gives a feed for one thread; the other two run under the
// Store's lock.
#pragma once

#include "exporter/inventory/inventory.h"
#include "exporter/scrape/scheduler.h"

namespace virtlens::exporter {

PageFeed OpenComponentPage(Component component);
void KeepSamples(Inventory& inventory, const TargetKey& target, TargetSamples samples, Micros now);
void DropSamples(Inventory& inventory, const TargetKey& target, Micros now);

}  // namespace virtlens::exporter
