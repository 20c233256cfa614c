// Reads, merges and resolves kubeconfig files. Private to kube/.
//
// Thread contract: a pure function of its arguments. Errors: see LoadConfig. The messages never
// contain a value of a user entry.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kube/config.h"

namespace virtlens::kube {

using FileReader = std::function<Result<std::string>(const std::string& path)>;

// `context` "": the files' current-context. A file that does not exist is skipped, as client-go
// does; kNotFound when none exists.
Result<Config> LoadKubeconfig(const std::vector<std::string>& paths, const std::string& context,
                              const FileReader& read_file);

}  // namespace virtlens::kube
