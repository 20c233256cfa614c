// Kubernetes resource quantities: "500m", "2Gi", "1e3", "0.5".
//
// Grammar: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/.
// Thread contract: pure functions.
#pragma once

#include <optional>
#include <string_view>

namespace virtlens::kube {

// The value as a double (bytes, cores); nullopt: not a quantity.
std::optional<double> ParseQuantity(std::string_view text);

}  // namespace virtlens::kube
