// What a plain (unquoted) YAML scalar means to Kubernetes, written as JSON.
//
// The rules are those of sigs.k8s.io/yaml, which kubectl uses: YAML 1.1's booleans (yes, on, y),
// octal by a leading 0, underscores in numbers; dates stay strings.
//
// Thread contract: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace virtlens::tools {

// `text` as a JSON string with its quotes. Bytes above 0x7f pass as they are.
void AppendJsonString(std::string_view text, std::string& json);

// null, true, false, a number, or a string. Numbers that JSON cannot hold (.inf) are strings.
void AppendPlainScalar(std::string_view text, std::string& json);

}  // namespace virtlens::tools
