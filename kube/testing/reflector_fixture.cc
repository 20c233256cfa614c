#include "kube/testing/reflector_fixture.h"

namespace virtlens::kube::testing {

using nlohmann::json;

std::string NextPage(const std::string& token) {
  return kCollection + "?limit=500&continue=" + token;
}

std::string WatchAt(const std::string& resource_version) {
  return kCollection + "?watch=true&allowWatchBookmarks=true&timeoutSeconds=*&resourceVersion=" +
         resource_version;
}

json Object(const std::string& name, const std::string& resource_version, int value) {
  return {{"apiVersion", "kubevirt.io/v1"},
          {"kind", "VirtualMachine"},
          {"metadata", {{"name", name}, {"resourceVersion", resource_version}}},
          {"spec", {{"value", value}}}};
}

json Listed(const std::string& resource_version, const std::vector<json>& items,
            const std::string& continue_token) {
  return {{"apiVersion", "kubevirt.io/v1"},
          {"kind", "VirtualMachineList"},
          {"metadata", {{"resourceVersion", resource_version}, {"continue", continue_token}}},
          {"items", items}};
}

json Added(const json& object) { return {{"type", "ADDED"}, {"object", object}}; }
json Modified(const json& object) { return {{"type", "MODIFIED"}, {"object", object}}; }
json Deleted(const json& object) { return {{"type", "DELETED"}, {"object", object}}; }

json Bookmark(const std::string& resource_version, bool ends_initial_events) {
  json metadata = {{"resourceVersion", resource_version}};
  if (ends_initial_events) metadata["annotations"] = {{"k8s.io/initial-events-end", "true"}};
  return {{"type", "BOOKMARK"}, {"object", {{"kind", "VirtualMachine"}, {"metadata", metadata}}}};
}

json ErrorEvent(int code, const std::string& reason) {
  return {
      {"type", "ERROR"},
      {"object", {{"kind", "Status"}, {"status", "Failure"}, {"code", code}, {"reason", reason}}}};
}

void MapReceiver::OnListStart(const ResourceType& type) {
  EXPECT_FALSE(listing);
  listing = true;
  version = type.version;
  collected_.clear();
}

void MapReceiver::OnListItem(std::string_view object) {
  EXPECT_TRUE(listing);
  const json parsed = json::parse(object);
  collected_[parsed["metadata"]["name"]] = parsed["spec"]["value"];
}

void MapReceiver::OnListEnd() {
  EXPECT_TRUE(listing);
  listing = false;
  objects = collected_;
}

void MapReceiver::OnListAbort() {
  EXPECT_TRUE(listing);
  listing = false;
}

void MapReceiver::OnEvent(EventType type, std::string_view object) {
  EXPECT_FALSE(listing);
  const json parsed = json::parse(object);
  const std::string name = parsed["metadata"]["name"];
  if (type == EventType::kDeleted) {
    objects.erase(name);
  } else {
    objects[name] = parsed["spec"]["value"];
  }
}

void MapReceiver::OnState(SourceState state, std::string_view) {
  states.push_back(state);
  if (state == SourceState::kCrdAbsent) objects.clear();
}

ReflectorTest::ReflectorTest() {
  config_.server = "https://api.test";
  options_.watch_list = false;
  transport_.StopAtEnd(stop_);
  Serve({"v1"});
}

void ReflectorTest::Serve(const std::vector<std::string>& versions) {
  json group = {{"kind", "APIGroup"}, {"versions", json::array()}};
  for (const std::string& version : versions) {
    group["versions"].push_back({{"version", version}});
    const json resources = {
        {"resources",
         {{{"name", "virtualmachines"}, {"kind", "VirtualMachine"}, {"namespaced", true}}}}};
    transport_.Always("/apis/kubevirt.io/" + version, Reply::Json(resources));
  }
  group["preferredVersion"] = {{"version", versions.front()}};
  transport_.Always("/apis/kubevirt.io", Reply::Json(group));
}

void ReflectorTest::Run() {
  Client client(config_, transport_, clock_, random_);
  Reflector reflector(client, transport_, {"kubevirt.io", "virtualmachines", {"v1", "v1alpha3"}},
                      options_, receiver_, clock_, random_);
  reflector.Run(stop_.get_token());
  EXPECT_EQ(transport_.Mismatches(), "");
  EXPECT_FALSE(receiver_.listing);
}

}  // namespace virtlens::kube::testing
