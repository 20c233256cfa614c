// A yaml-cpp node that knows where it stands, so that every error can say so. Private to kube/.
//
// Keeps yaml-cpp's exceptions inside: members of this class do not throw.
//
// Thread contract: one thread; copies share the parsed document.
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace virtlens::kube {

class YamlValue {
 public:
  // Parses a document. kInvalidArgument names file, line and column.
  static Result<YamlValue> Parse(const std::string& text, const std::string& file);

  // Absent and null are the same.
  bool present() const;
  const std::string& file() const { return file_; }
  // kInvalidArgument "file:line: name: message".
  Error Wrong(std::string_view message) const;

  // Each is kInvalidArgument when this value is there but of another kind; an absent value gives an
  // absent member, "", false, no elements.
  Result<YamlValue> Member(const std::string& key) const;
  Result<std::string> Text() const;
  Result<bool> Flag() const;
  Result<std::vector<YamlValue>> Elements() const;
  Result<std::vector<std::string>> Texts() const;
  Result<std::vector<std::pair<std::string, YamlValue>>> Members() const;

  // Member(key) and Text() or Flag() in one.
  Result<std::string> Text(const std::string& key) const;
  Result<bool> Flag(const std::string& key) const;

 private:
  YamlValue(const YAML::Node& node, std::string file, std::string name)
      : node_(node), file_(std::move(file)), name_(std::move(name)) {}

  // Never assigned to: assigning to a node changes the document.
  YAML::Node node_;
  std::string file_;
  std::string name_;
};

}  // namespace virtlens::kube
