// LoadConfig over any bytes: a Config that keeps its promises, or an error that names the file.
#include <cstdlib>

#include "kube/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  virtlens::kube::ConfigOptions options;
  options.kubeconfig = "/k/config";
  options.environment = [](const std::string&) { return std::nullopt; };
  options.read_file = [&](const std::string&) -> virtlens::Result<std::string> { return text; };
  const auto config = virtlens::kube::LoadConfig(options);
  if (!config) {
    if (config.error().code != virtlens::Code::kInvalidArgument) std::abort();
    if (config.error().message.find("/k/config") == std::string::npos) std::abort();
    return 0;
  }
  if (config->server.find("://") == std::string::npos || config->server.ends_with('/')) {
    std::abort();
  }
  if (config->exec && config->exec->command.empty()) std::abort();
  return 0;
}
