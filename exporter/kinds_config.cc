#include "exporter/kinds_config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "base/text.h"
#include "exporter/decode/path.h"

namespace virtlens::exporter {
namespace {

constexpr std::size_t kMaxWords = 64;
constexpr std::size_t kMaxLabels = 16;
constexpr std::size_t kMaxTextBytes = 253;

struct FieldKey {
  std::string_view key;
  Field field;
};
constexpr FieldKey kFieldKeys[] = {
    {"phase", Field::kPhase},
    {"owner", Field::kUserVm},
    {"vm", Field::kVm},
    {"claim", Field::kClaim},
    {"template", Field::kTemplate},
    {"power_wanted", Field::kPowerWanted},
    {"power_actual", Field::kPowerActual},
    {"error", Field::kError},
    {"ready", Field::kReady},
    {"disk_requested", Field::kDiskRequested},
    {"disk_actual", Field::kDiskActual},
    {"disks_wanted", Field::kDisksWanted},
    {"disks_bound", Field::kDisksBound},
    {"networks_wanted", Field::kNetworksWanted},
    {"networks_bound", Field::kNetworksBound},
    {"replicas_wanted", Field::kReplicasWanted},
    {"replicas_ready", Field::kReplicasReady},
};

struct TextKey {
  std::string_view key;
  std::string KindSpec::*text;
};
constexpr TextKey kTextKeys[] = {{"group", &KindSpec::group},
                                 {"plural", &KindSpec::plural},
                                 {"kind", &KindSpec::kind},
                                 {"conditions", &KindSpec::conditions}};

struct WordsKey {
  std::string_view key;
  std::vector<std::string> KindSpec::*words;
};
constexpr WordsKey kWordsKeys[] = {{"versions", &KindSpec::versions},
                                   {"phases", &KindSpec::phases},
                                   {"condition_types", &KindSpec::condition_types},
                                   {"failures", &KindSpec::failures}};

constexpr std::string_view kLabelsKey = "labels";

// Groups whose kinds the exporter reads in its own way.
constexpr auto kOwnGroups = std::to_array<std::string_view>({"kubevirt.io", "cdi.kubevirt.io"});

template <class Entry, std::size_t kCount>
const Entry* Find(const Entry (&table)[kCount], std::string_view key) {
  for (const Entry& entry : table) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

bool IsLabelName(std::string_view name) {
  const auto plain = [](unsigned char c) { return c == '_' || std::isalnum(c) != 0; };
  return !name.empty() && name.size() <= kMaxTextBytes &&
         std::isdigit(static_cast<unsigned char>(name.front())) == 0 &&
         std::all_of(name.begin(), name.end(), plain);
}

// Lower case DNS, as groups and plurals are.
bool IsDnsName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxTextBytes &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '-' || c == '.';
         });
}

// Reads one entry of the list.
class KindReader {
 public:
  explicit KindReader(const std::string& file) : file_(file) {}

  Result<KindSpec> Read(const YAML::Node& entry) {
    if (!entry.IsMap()) return Wrong(entry, "a kind is keys and values");
    for (const auto& member : entry) {
      if (!member.first.IsScalar()) return Wrong(member.first, "a key is a word");
      VIRTLENS_CHECK(ReadKey(member.first, member.second));
    }
    VIRTLENS_CHECK(CheckWhole(entry));
    return std::move(kind_);
  }

  tl::unexpected<Error> Wrong(const YAML::Node& node, const std::string& what) const {
    return Fail(Code::kInvalidArgument,
                file_ + ":" + std::to_string(node.Mark().line + 1) + ": custom_resources: " + what);
  }

 private:
  Result<void> ReadKey(const YAML::Node& key_node, const YAML::Node& value) {
    const std::string& key = key_node.Scalar();
    if (const TextKey* text = Find(kTextKeys, key)) {
      VIRTLENS_TRY(kind_.*text->text, Text(value, key));
      return key == "conditions" ? CheckPath(value, kind_.conditions) : Result<void>();
    }
    if (const WordsKey* words = Find(kWordsKeys, key)) return ReadWords(value, key, *words);
    if (const FieldKey* field = Find(kFieldKeys, key)) {
      VIRTLENS_TRY(std::string path, Text(value, key));
      VIRTLENS_CHECK(CheckPath(value, path));
      kind_.is_disk |= field->field == Field::kClaim;
      kind_.fields.push_back({field->field, std::move(path)});
      return {};
    }
    if (key == kLabelsKey) return ReadLabels(value);
    return Wrong(key_node, "unknown key \"" + key + "\"; " + Nearby(key));
  }

  Result<std::string> Text(const YAML::Node& value, const std::string& key) const {
    if (!value.IsScalar() || value.Scalar().empty()) return Wrong(value, key + " is one word");
    return value.Scalar();
  }

  Result<void> ReadWords(const YAML::Node& value, const std::string& key, const WordsKey& words) {
    if (!value.IsSequence() || value.size() > kMaxWords) {
      return Wrong(value, key + " is a list of at most 64 words");
    }
    (kind_.*words.words).clear();
    for (const YAML::Node& word : value) {
      VIRTLENS_TRY(std::string text, Text(word, key));
      if (text.size() > kMaxTextBytes) return Wrong(word, key + ": a word is too long");
      (kind_.*words.words).push_back(std::move(text));
    }
    return {};
  }

  Result<void> ReadLabels(const YAML::Node& value) {
    if (!value.IsMap() || value.size() > kMaxLabels) {
      return Wrong(value, "labels are at most 16 names and paths");
    }
    for (const auto& label : value) {
      if (!label.first.IsScalar() || !IsLabelName(label.first.Scalar())) {
        return Wrong(label.first, "a label's name is letters, digits and _");
      }
      const std::string& name = label.first.Scalar();
      const bool twice = std::any_of(kind_.labels.begin(), kind_.labels.end(),
                                     [&](const auto& other) { return other.first == name; });
      if (twice) return Wrong(label.first, "label \"" + name + "\" stands twice");
      VIRTLENS_TRY(std::string path, Text(label.second, "label " + name));
      VIRTLENS_CHECK(CheckPath(label.second, path));
      kind_.labels.emplace_back(name, std::move(path));
    }
    return {};
  }

  Result<void> CheckPath(const YAML::Node& node, const std::string& path) const {
    const auto steps = ParsePath(path);
    if (!steps) return Wrong(node, steps.error().message);
    const bool metadata = steps->front().member == "metadata";
    const bool tags = steps->size() > 1 &&
                      ((*steps)[1].member == "labels" || (*steps)[1].member == "annotations");
    if (metadata && !tags) {
      return Wrong(node, "path \"" + path +
                             "\": of metadata only .metadata.labels and .metadata.annotations");
    }
    return {};
  }

  Result<void> CheckWhole(const YAML::Node& entry) const {
    if (!IsDnsName(kind_.group) || kind_.group.find('.') == std::string::npos) {
      return Wrong(entry, "group is a name like example.io");
    }
    if (std::find(kOwnGroups.begin(), kOwnGroups.end(), kind_.group) != kOwnGroups.end()) {
      return Wrong(entry, "kinds of " + kind_.group + " are read anyway");
    }
    if (!IsDnsName(kind_.plural)) return Wrong(entry, "plural is a name like racks");
    if (!IsLabelName(kind_.kind)) return Wrong(entry, "kind is a name like Rack");
    const auto under = [&](const std::string& path) {
      return path.size() > kind_.conditions.size() && path.starts_with(kind_.conditions) &&
             path[kind_.conditions.size()] == '[';
    };
    for (const FieldPath& field : kind_.fields) {
      if (under(field.path)) return Wrong(entry, "paths into conditions are not read");
    }
    for (const auto& label : kind_.labels) {
      if (under(label.second)) return Wrong(entry, "paths into conditions are not read");
    }
    return {};
  }

  static std::string Nearby(const std::string& word) {
    std::vector<std::string_view> keys = {kLabelsKey};
    for (const TextKey& entry : kTextKeys) keys.push_back(entry.key);
    for (const WordsKey& entry : kWordsKeys) keys.push_back(entry.key);
    for (const FieldKey& entry : kFieldKeys) keys.push_back(entry.key);
    const std::string nearest(Nearest(word, keys));
    if (!nearest.empty()) return "did you mean \"" + nearest + "\"?";
    std::string all = "there are";
    for (const std::string_view key : keys) all += " " + std::string(key);
    return all;
  }

  const std::string& file_;
  KindSpec kind_;
};

}  // namespace

Result<std::vector<KindSpec>> ReadKinds(const std::string& file, const YAML::Node& list) {
  const KindReader complain(file);
  if (!list.IsSequence() || list.size() > kMaxConfiguredKinds) {
    return complain.Wrong(list, "a list of at most 100 kinds");
  }
  std::vector<KindSpec> kinds;
  for (const YAML::Node& entry : list) {
    VIRTLENS_TRY(KindSpec kind, KindReader(file).Read(entry));
    for (const KindSpec& other : kinds) {
      if (other.QualifiedName() == kind.QualifiedName()) {
        return complain.Wrong(entry, kind.QualifiedName() + " stands twice");
      }
    }
    kinds.push_back(std::move(kind));
  }
  return kinds;
}

KindList KindsWith(const std::vector<KindSpec>& configured) {
  KindList kinds;
  std::vector<KindSpec> more = configured;
  for (const auto& builtin : BuiltinKinds()) {
    const auto replacing = std::find_if(more.begin(), more.end(), [&](const KindSpec& kind) {
      return kind.QualifiedName() == builtin->QualifiedName();
    });
    if (replacing == more.end()) {
      kinds.push_back(builtin);
      continue;
    }
    // Where things are may be said anew, what the kind is stays.
    replacing->role = builtin->role;
    replacing->is_vm = builtin->is_vm;
    replacing->is_disk = builtin->is_disk;
  }
  for (KindSpec& kind : more) kinds.push_back(std::make_shared<const KindSpec>(std::move(kind)));
  return kinds;
}

}  // namespace virtlens::exporter
