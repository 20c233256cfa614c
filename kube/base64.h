// Base64 (RFC 4648 section 4): the -data fields of a kubeconfig, Secrets, basic authentication.
// Thread contract: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace virtlens::kube {

std::string EncodeBase64(std::string_view bytes);

// White space is ignored. nullopt: not base64, or not padded.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace virtlens::kube
