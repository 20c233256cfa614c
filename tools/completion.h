// Shell completion, made from the command line itself.
//
// Thread contract: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace CLI {  // NOLINT(readability-identifier-naming)
class App;
}

namespace virtlens::tools {

// `shell` is bash, zsh or fish; "" for any other. What an option takes is told by its type name:
// FILE and PATH complete to files, a|b|c to these words.
std::string CompletionScript(const CLI::App& app, std::string_view shell);

}  // namespace virtlens::tools
