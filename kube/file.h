// Reads small files: kubeconfigs, tokens, certificates. Private to kube/.
// Thread contract: a pure function of the file system.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace virtlens::kube {

inline constexpr std::size_t kMaxFileBytes = 4 * 1024 * 1024;

// kNotFound: there is no such file. kInvalidArgument: it cannot be read, or is larger than
// kMaxFileBytes. The message names the path.
Result<std::string> ReadSmallFile(const std::string& path);

}  // namespace virtlens::kube
