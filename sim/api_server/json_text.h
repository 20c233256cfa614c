// JSON of single objects as text and as a tree: the only place where nlohmann's parser may throw.
//
// Limits: kMaxJsonDepth levels, because patches and serialisation recurse; the size is limited by
// the HTTP server. Thread contract: pure functions.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace virtlens::sim {

using Json = nlohmann::json;

inline constexpr std::size_t kMaxJsonDepth = 100;

// kInvalidArgument: not JSON, or nested too deeply.
Result<Json> ParseJson(std::string_view text);

// Ill-formed UTF-8 comes out as U+FFFD.
std::string DumpJson(const Json& value);

// The member as text; "" when it is absent or no string.
std::string TextOf(const Json& object, const char* key);

// The member when it is an object or an array, else an empty value of that type.
const Json& ObjectOf(const Json& object, const char* key);
const Json& ArrayOf(const Json& object, const char* key);

}  // namespace virtlens::sim
