#include "tools/yaml_json.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "tools/yaml_scalar.h"

namespace virtlens::tools {
namespace {

constexpr std::string_view kStringTag = "tag:yaml.org,2002:str";
constexpr std::string_view kBinaryTag = "tag:yaml.org,2002:binary";

// Writes one document. Errors leave by yaml-cpp's own exception, which ConvertYaml catches.
class JsonWriter : public YAML::EventHandler {
 public:
  const std::string& json() const { return json_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    // yaml-cpp 0.7 gives endless empty documents where a stray "," or "]" follows a value.
    if (mark.pos == document_start_) throw YAML::ParserException(mark, "nothing can stand here");
    document_start_ = mark.pos;
    json_.clear();
    open_.clear();
    anchored_.clear();
    alias_bytes_ = 0;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (ExpectsKey()) throw YAML::ParserException(mark, "a key is missing");
    const std::size_t begin = BeginValue();
    json_ += "null";
    EndValue(anchor, begin, 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (ExpectsKey()) return Key(mark, tag, value);
    const std::size_t begin = BeginValue();
    if (tag == "!" || tag == kStringTag || tag == kBinaryTag) {
      AppendJsonString(value, json_);
    } else {
      AppendPlainScalar(value, json_);
    }
    EndValue(anchor, begin, 0);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (ExpectsKey()) throw YAML::ParserException(mark, "an alias cannot be a key");
    const auto target = anchored_.find(anchor);
    if (target == anchored_.end()) {
      throw YAML::ParserException(mark, "an alias inside what it stands for");
    }
    const Extent extent = target->second;
    alias_bytes_ += extent.end - extent.begin;
    if (alias_bytes_ > kMaxYamlAliasBytes) {
      throw YAML::ParserException(mark, "aliases repeat more than 16 MiB; write them out");
    }
    CheckDepth(mark, open_.size() + extent.height);
    const std::size_t begin = BeginValue();
    json_ += std::string(json_, extent.begin, extent.end - extent.begin);
    EndValue(0, begin, extent.height);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, anchor, false);
  }
  void OnSequenceEnd() override { Close(']'); }

  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, anchor, true);
  }
  void OnMapEnd() override { Close('}'); }

 private:
  // A map or sequence that is not ended yet.
  struct Collection {
    bool map = false;
    bool has_key = false;  // of a map: its value comes next
    bool has_elements = false;
    YAML::anchor_t anchor = 0;
    std::size_t begin = 0;   // in json_
    std::size_t height = 0;  // of the tallest element
    std::unordered_set<std::string> keys{};
  };
  // Where the JSON of an anchored node stands.
  struct Extent {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t height = 0;
  };

  bool ExpectsKey() const { return !open_.empty() && open_.back().map && !open_.back().has_key; }

  static void CheckDepth(const YAML::Mark& mark, std::size_t depth) {
    if (depth > kMaxYamlDepth) throw YAML::ParserException(mark, "nested more than 100 deep");
  }

  void Key(const YAML::Mark& mark, const std::string& tag, const std::string& key) {
    if (key == "<<" && tag != "!") {
      throw YAML::ParserException(mark, "merge keys (<<) are not supported; write the keys out");
    }
    Collection& map = open_.back();
    if (!map.keys.insert(key).second) {
      throw YAML::ParserException(mark, "a key stands twice in the same map: \"" + key + "\"");
    }
    if (map.has_elements) json_ += ',';
    AppendJsonString(key, json_);
    json_ += ':';
    map.has_key = true;
    map.has_elements = true;
  }

  std::size_t BeginValue() {
    if (!open_.empty() && !open_.back().map) {
      if (open_.back().has_elements) json_ += ',';
      open_.back().has_elements = true;
    }
    return json_.size();
  }

  void EndValue(YAML::anchor_t anchor, std::size_t begin, std::size_t height) {
    if (anchor != 0) anchored_[anchor] = Extent{begin, json_.size(), height};
    if (open_.empty()) return;
    open_.back().has_key = false;
    open_.back().height = std::max(open_.back().height, height);
  }

  void Open(const YAML::Mark& mark, YAML::anchor_t anchor, bool map) {
    if (ExpectsKey()) throw YAML::ParserException(mark, "a key must be a single value");
    CheckDepth(mark, open_.size() + 1);
    Collection collection;
    collection.map = map;
    collection.anchor = anchor;
    collection.begin = BeginValue();
    open_.push_back(std::move(collection));
    json_ += map ? '{' : '[';
  }

  void Close(char bracket) {
    json_ += bracket;
    const Collection done = std::move(open_.back());
    open_.pop_back();
    EndValue(done.anchor, done.begin, done.height + 1);
  }

  std::string json_;
  std::vector<Collection> open_;
  std::unordered_map<YAML::anchor_t, Extent> anchored_;
  std::size_t alias_bytes_ = 0;
  int document_start_ = -1;  // offset
};

}  // namespace

Result<void> ConvertYaml(std::istream& yaml,
                         const std::function<void(std::string_view json)>& on_document) {
  try {
    YAML::Parser parser(yaml);
    JsonWriter writer;
    while (parser.HandleNextDocument(writer)) {
      if (!writer.json().empty() && writer.json() != "null") on_document(writer.json());
    }
    return {};
  } catch (const YAML::Exception& error) {
    const std::string line = error.mark.is_null() ? "1" : std::to_string(error.mark.line + 1);
    return Fail(Code::kDecode, line + ": " + error.msg);
  } catch (const std::exception& error) {
    return Fail(Code::kDecode, std::string("1: ") + error.what());
  }
}

}  // namespace virtlens::tools
