// What a Kubernetes Status object or an HTTP status means in our codes. Private to kube/; for
// responses see ErrorFromResponse in client.h.
//
// Thread contract: pure functions.
#pragma once

#include <string_view>

#include "base/result.h"

namespace virtlens::kube {

// `http_status` counts when the Status object does not say; 0: unknown.
Error ErrorFromStatusJson(std::string_view text, int http_status);

}  // namespace virtlens::kube
