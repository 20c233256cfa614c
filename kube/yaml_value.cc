#include "kube/yaml_value.h"

namespace virtlens::kube {

Result<YamlValue> YamlValue::Parse(const std::string& text, const std::string& file) {
  try {
    return YamlValue(YAML::Load(text), file, "");
  } catch (const YAML::Exception& error) {
    // What follows a colon in the parser's message may quote the file, and so a secret.
    const std::string reason = error.msg.substr(0, error.msg.find(':'));
    const std::string place = error.mark.is_null()
                                  ? ""
                                  : ":" + std::to_string(error.mark.line + 1) + ":" +
                                        std::to_string(error.mark.column + 1);
    return Fail(Code::kInvalidArgument, file + place + ": not YAML: " + reason);
  } catch (const std::exception&) {
    return Fail(Code::kInvalidArgument, file + ": not YAML");
  }
}

bool YamlValue::present() const { return node_.IsDefined() && !node_.IsNull(); }

Error YamlValue::Wrong(std::string_view message) const {
  std::string text = file_;
  if (node_.IsDefined() && !node_.Mark().is_null()) {
    text += ":" + std::to_string(node_.Mark().line + 1);
  }
  text += ": ";
  if (!name_.empty()) text += name_ + ": ";
  text += message;
  return Error{Code::kInvalidArgument, text};
}

Result<YamlValue> YamlValue::Member(const std::string& key) const {
  const std::string name = name_.empty() ? key : name_ + "." + key;
  if (!present()) return YamlValue(YAML::Node(), file_, name);
  if (!node_.IsMap()) return Fail(Wrong("must be a map"));
  const YAML::Node& node = node_;  // the const operator[] adds nothing to the document
  const YAML::Node member = node[key];
  return YamlValue(member.IsDefined() ? member : YAML::Node(), file_, name);
}

Result<std::string> YamlValue::Text() const {
  if (!present()) return "";
  if (!node_.IsScalar()) return Fail(Wrong("must be a text"));
  return node_.Scalar();
}

Result<bool> YamlValue::Flag() const {
  if (!present()) return false;
  bool flag = false;
  if (!node_.IsScalar() || !YAML::convert<bool>::decode(node_, flag)) {
    return Fail(Wrong("must be true or false"));
  }
  return flag;
}

Result<std::vector<YamlValue>> YamlValue::Elements() const {
  std::vector<YamlValue> elements;
  if (!present()) return elements;
  if (!node_.IsSequence()) return Fail(Wrong("must be a list"));
  for (std::size_t i = 0; i < node_.size(); ++i) {
    elements.push_back(YamlValue(node_[i], file_, name_ + "[" + std::to_string(i) + "]"));
  }
  return elements;
}

Result<std::vector<std::string>> YamlValue::Texts() const {
  std::vector<std::string> texts;
  VIRTLENS_TRY(const auto elements, Elements());
  for (const YamlValue& element : elements) {
    VIRTLENS_TRY(texts.emplace_back(), element.Text());
  }
  return texts;
}

Result<std::vector<std::pair<std::string, YamlValue>>> YamlValue::Members() const {
  std::vector<std::pair<std::string, YamlValue>> members;
  if (!present()) return members;
  if (!node_.IsMap()) return Fail(Wrong("must be a map"));
  for (const auto& member : node_) {
    if (!member.first.IsScalar()) return Fail(Wrong("has a key that is no text"));
    const std::string& key = member.first.Scalar();
    members.emplace_back(key, YamlValue(member.second, file_, name_ + "." + key));
  }
  return members;
}

Result<std::string> YamlValue::Text(const std::string& key) const {
  VIRTLENS_TRY(const YamlValue member, Member(key));
  return member.Text();
}

Result<bool> YamlValue::Flag(const std::string& key) const {
  VIRTLENS_TRY(const YamlValue member, Member(key));
  return member.Flag();
}

}  // namespace virtlens::kube
