#include <algorithm>

#include "exporter/decode/kinds.h"
#include "exporter/decode/metadata.h"

namespace virtlens::exporter {
namespace {

// {"requests.cpu": "8", "pods": "20"}
void ReadAmounts(json::Node& node, double QuotaAmount::*which, std::vector<QuotaAmount>& amounts) {
  node.EachField([&](json::Node& field) {
    const Symbol resource(field.name());
    auto found = std::find_if(amounts.begin(), amounts.end(), [&](const QuotaAmount& amount) {
      return amount.resource == resource;
    });
    if (found == amounts.end()) {
      if (amounts.size() == json::kMaxListItems) return;
      found = amounts.insert(amounts.end(), QuotaAmount{.resource = resource});
    }
    field.ReadQuantity((*found).*which);
  });
}

}  // namespace

// status.hard is what is enforced; spec.hard may be newer.
void ReadQuota(json::Node& root, QuotaRow& row) {
  root.EachField([&](json::Node& part) {
    if (part.name() == "metadata") {
      ReadMetadata(part, row.meta, [](json::Node&) {});
    } else if (part.name() == "status") {
      part.EachField([&](json::Node& field) {
        if (field.name() == "hard") ReadAmounts(field, &QuotaAmount::hard, row.amounts);
        if (field.name() == "used") ReadAmounts(field, &QuotaAmount::used, row.amounts);
      });
    }
  });
  std::sort(row.amounts.begin(), row.amounts.end(),
            [](const QuotaAmount& a, const QuotaAmount& b) { return a.resource < b.resource; });
}

}  // namespace virtlens::exporter
