// YAML documents -> JSON texts, by the rules of Kubernetes (tools/yaml_scalar.h).
//
// Works from yaml-cpp's events, so no tree is built: memory is the JSON of one document. Limits:
// depth, and the bytes that aliases copy (a few lines of aliases of aliases are otherwise
// gigabytes).
//
// Refused, because guessing would show series that are not true: the same key twice in a map, merge
// keys (<<), keys that are no scalars, an alias inside what it stands for.
//
// Thread contract: one thread. yaml-cpp's exceptions stay inside.
#pragma once

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

#include "base/result.h"

namespace virtlens::tools {

inline constexpr std::size_t kMaxYamlDepth = 100;
inline constexpr std::size_t kMaxYamlAliasBytes = std::size_t{16} * 1024 * 1024;

// Calls `on_document` for each document but empty ones (and those that hold null). kDecode:
// "LINE: what is wrong"; the documents before it have been handed over.
Result<void> ConvertYaml(std::istream& yaml,
                         const std::function<void(std::string_view json)>& on_document);

}  // namespace virtlens::tools
