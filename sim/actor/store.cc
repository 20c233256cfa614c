#include "sim/actor/store.h"

#include <simdjson.h>

#include <algorithm>
#include <utility>

namespace virtlens::sim::actor {
namespace {

constexpr std::size_t kRecentVersions = 4;

using simdjson::ondemand::object;
using simdjson::ondemand::value;

void ReadText(value field, std::string& out) {
  std::string_view text;
  if (field.get_string().get(text) == simdjson::SUCCESS) out = text;
}

void ReadOwners(value field, std::vector<std::string>& out) {
  simdjson::ondemand::array owners;
  if (field.get_array().get(owners) != simdjson::SUCCESS) return;
  for (auto one : owners) {
    std::string_view uid;
    if (one["uid"].get_string().get(uid) == simdjson::SUCCESS) out.emplace_back(uid);
  }
}

void ReadMetadata(object metadata, ObjectMeta& out) {
  for (auto field : metadata) {
    std::string_view name;
    value content;
    if (field.unescaped_key().get(name) != simdjson::SUCCESS) return;
    if (field.value().get(content) != simdjson::SUCCESS) return;
    if (name == "name") {
      ReadText(content, out.key.name);
    } else if (name == "namespace") {
      ReadText(content, out.key.space);
    } else if (name == "uid") {
      ReadText(content, out.uid);
    } else if (name == "resourceVersion") {
      ReadText(content, out.resource_version);
    } else if (name == "ownerReferences") {
      ReadOwners(content, out.owners);
    }
  }
}

}  // namespace

std::optional<ObjectMeta> ReadMeta(Kind kind, std::string_view padded_json) {
  // One parser per thread: it keeps its buffers.
  thread_local simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  const auto bytes = simdjson::padded_string_view(padded_json.data(), padded_json.size(),
                                                  padded_json.size() + simdjson::SIMDJSON_PADDING);
  if (parser.iterate(bytes).get(document) != simdjson::SUCCESS) return std::nullopt;
  ObjectMeta meta;
  meta.key.kind = kind;
  object metadata;
  if (document["metadata"].get_object().get(metadata) != simdjson::SUCCESS) return std::nullopt;
  ReadMetadata(metadata, meta);
  if (meta.key.name.empty()) return std::nullopt;
  if (kind == Kind::kMigration) {
    std::string_view vmi;
    document.rewind();
    if (document["spec"]["vmiName"].get_string().get(vmi) == simdjson::SUCCESS) meta.vmi_name = vmi;
  }
  return meta;
}

std::optional<ObjectMeta> Store::Upsert(Kind kind, std::string_view json) {
  auto meta = ReadMeta(kind, json);
  if (!meta) return std::nullopt;
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[meta->key];
  if (entry.text) Unlink(entry.meta);
  entry.text = std::make_shared<const std::string>(json);
  entry.meta = *meta;
  entry.recent_versions.push_back(meta->resource_version);
  if (entry.recent_versions.size() > kRecentVersions) entry.recent_versions.pop_front();
  if (entry.expected == meta->resource_version) entry.expected.clear();
  by_uid_[meta->uid] = meta->key;
  for (const std::string& owner : meta->owners) owned_[owner].insert(meta->key);
  if (!meta->vmi_name.empty()) {
    migrations_[meta->key.space + "/" + meta->vmi_name].insert(meta->key);
  }
  return meta;
}

void Store::Unlink(const ObjectMeta& meta) {
  by_uid_.erase(meta.uid);
  for (const std::string& owner : meta.owners) {
    const auto it = owned_.find(owner);
    if (it == owned_.end()) continue;
    it->second.erase(meta.key);
    if (it->second.empty()) owned_.erase(it);
  }
  if (meta.vmi_name.empty()) return;
  const auto it = migrations_.find(meta.key.space + "/" + meta.vmi_name);
  if (it == migrations_.end()) return;
  it->second.erase(meta.key);
  if (it->second.empty()) migrations_.erase(it);
}

std::optional<ObjectMeta> Store::Remove(Kind kind, std::string_view json) {
  auto meta = ReadMeta(kind, json);
  if (!meta) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto it = entries_.find(meta->key);
  if (it != entries_.end()) {
    if (it->second.text) Unlink(it->second.meta);
    entries_.erase(it);
  }
  return meta;
}

std::vector<ObjectMeta> Store::RemoveOthers(Kind kind, const std::set<ObjectKey>& keep) {
  const std::lock_guard lock(mutex_);
  std::vector<ObjectMeta> gone;
  for (auto it = entries_.lower_bound({kind, "", ""});
       it != entries_.end() && it->first.kind == kind;) {
    if (keep.contains(it->first) || !it->second.text) {
      ++it;
      continue;
    }
    gone.push_back(it->second.meta);
    Unlink(it->second.meta);
    it = entries_.erase(it);
  }
  return gone;
}

std::optional<Json> Store::Get(const ObjectKey& key) const {
  std::shared_ptr<const std::string> text;
  {
    const std::lock_guard lock(mutex_);
    const auto it = entries_.find(key);
    if (it == entries_.end() || !it->second.text) return std::nullopt;
    text = it->second.text;
  }
  Json parsed = Json::parse(*text, nullptr, false);
  if (!parsed.is_object()) return std::nullopt;
  return parsed;
}

std::optional<ObjectKey> Store::ByUid(const std::string& uid) const {
  const std::lock_guard lock(mutex_);
  const auto it = by_uid_.find(uid);
  if (it == by_uid_.end()) return std::nullopt;
  return it->second;
}

std::vector<ObjectKey> Store::OwnedBy(const std::string& uid) const {
  const std::lock_guard lock(mutex_);
  const auto it = owned_.find(uid);
  if (it == owned_.end()) return {};
  return {it->second.begin(), it->second.end()};
}

std::vector<ObjectKey> Store::OwnedBy(const std::string& uid, Kind kind) const {
  std::vector<ObjectKey> all = OwnedBy(uid);
  std::erase_if(all, [kind](const ObjectKey& key) { return key.kind != kind; });
  return all;
}

std::vector<ObjectKey> Store::MigrationsOf(const std::string& space, const std::string& vmi) const {
  const std::lock_guard lock(mutex_);
  const auto it = migrations_.find(space + "/" + vmi);
  if (it == migrations_.end()) return {};
  return {it->second.begin(), it->second.end()};
}

std::vector<ObjectKey> Store::All(Kind kind) const {
  const std::lock_guard lock(mutex_);
  std::vector<ObjectKey> all;
  for (auto it = entries_.lower_bound({kind, "", ""});
       it != entries_.end() && it->first.kind == kind; ++it) {
    if (it->second.text) all.push_back(it->first);
  }
  return all;
}

std::size_t Store::Count(Kind kind) const { return All(kind).size(); }

void Store::Expect(const ObjectKey& key, const std::string& resource_version) {
  if (resource_version.empty()) return;
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[key];
  const auto& seen = entry.recent_versions;
  if (std::find(seen.begin(), seen.end(), resource_version) != seen.end()) return;
  entry.expected = resource_version;
  entry.expected_until = clock_.Monotonic() + kExpectationLimit;
}

std::optional<Duration> Store::Expected(const ObjectKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto it = entries_.find(key);
  if (it == entries_.end() || it->second.expected.empty()) return std::nullopt;
  const Duration left = it->second.expected_until - clock_.Monotonic();
  if (left <= Duration(0)) return std::nullopt;
  return left;
}

}  // namespace virtlens::sim::actor
