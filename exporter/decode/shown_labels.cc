#include "exporter/decode/shown_labels.h"

#include <algorithm>
#include <map>

namespace virtlens::exporter {
namespace {

// "label_" and "app.kubernetes.io/name" -> "label_app_kubernetes_io_name"
std::string NameOf(const std::string& prefix, std::string_view key) {
  std::string name = prefix;
  for (const char c : key) {
    const bool keep = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    name += keep ? c : '_';
  }
  return name;
}

// Annotations may be long: what is shown ends at a character.
std::string_view Cut(std::string_view value) {
  if (value.size() <= kMaxShownBytes) return value;
  std::size_t end = kMaxShownBytes;
  while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xC0U) == 0x80U) --end;
  return value.substr(0, end);
}

}  // namespace

LabelChoice::LabelChoice(std::string prefix, std::vector<std::string> keys)
    : prefix_(std::move(prefix)) {
  for (std::string& key : keys) {
    if (key.ends_with('*')) {
      key.pop_back();
      beginnings_.push_back(std::move(key));
    } else {
      keys_.push_back(std::move(key));
    }
  }
  std::sort(keys_.begin(), keys_.end());
}

bool LabelChoice::Takes(std::string_view key) const {
  return std::binary_search(keys_.begin(), keys_.end(), key) ||
         std::any_of(beginnings_.begin(), beginnings_.end(),
                     [&](const std::string& beginning) { return key.starts_with(beginning); });
}

void ShownLabels::AppendTo(LabelList& labels, std::vector<LabelConflict>& conflicts) && {
  // A map keeps the last of a key, and the order.
  std::map<std::string, std::string> by_key;
  for (auto& [key, value] : found_) by_key.insert_or_assign(std::move(key), std::move(value));
  std::map<std::string, std::string> names;  // and the key that has each
  std::size_t shown = 0;
  for (const auto& [key, value] : by_key) {
    if (++shown > kMaxShownLabels) break;
    const std::string wanted = NameOf(choice_.prefix(), key);
    std::string name = wanted;
    for (int n = 2; names.contains(name); ++n) name = wanted + "_conflict" + std::to_string(n);
    if (name != wanted) conflicts.push_back({names[wanted], key});
    labels.emplace_back(Symbol(name), Symbol(Cut(value)));
    names.emplace(std::move(name), key);
  }
}

}  // namespace virtlens::exporter
