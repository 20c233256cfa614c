// What the reflector's tests share: objects, events, requests, and a receiver that remembers.
// Private to kube/. Thread contract: one thread; the reflector runs inside Run().
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/fake_clock.h"
#include "kube/reflector.h"
#include "kube/testing/scripted_transport.h"

namespace virtlens::kube::testing {

inline const std::string kCollection = "/apis/kubevirt.io/v1/virtualmachines";
inline const std::string kCachedList = kCollection + "?resourceVersion=0";
inline const std::string kFirstPage = kCollection + "?limit=500";
inline const std::string kFullList = kCollection + "?resourceVersion=";
inline const std::string kWatchList =
    kCollection +
    "?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
    "&allowWatchBookmarks=true&timeoutSeconds=*";
std::string NextPage(const std::string& token);
std::string WatchAt(const std::string& resource_version);

nlohmann::json Object(const std::string& name, const std::string& resource_version, int value);
nlohmann::json Listed(const std::string& resource_version, const std::vector<nlohmann::json>& items,
                      const std::string& continue_token = "");
nlohmann::json Added(const nlohmann::json& object);
nlohmann::json Modified(const nlohmann::json& object);
nlohmann::json Deleted(const nlohmann::json& object);
nlohmann::json Bookmark(const std::string& resource_version, bool ends_initial_events = false);
nlohmann::json ErrorEvent(int code, const std::string& reason);

// The state that a store behind the reflector would have: object name to value.
class MapReceiver : public ReflectorReceiver {
 public:
  void OnListStart(const ResourceType& type) override;
  void OnListItem(std::string_view object) override;
  void OnListEnd() override;
  void OnListAbort() override;
  void OnEvent(EventType type, std::string_view object) override;
  void OnState(SourceState state, std::string_view detail) override;

  std::map<std::string, int> objects;
  std::vector<SourceState> states;
  std::string version;  // of the last list
  bool listing = false;

 private:
  std::map<std::string, int> collected_;
};

class ReflectorTest : public ::testing::Test {
 protected:
  ReflectorTest();

  // Until the script is over; then checks that it was followed.
  void Run();
  // Discovery of kubevirt.io with these versions, the first preferred.
  void Serve(const std::vector<std::string>& versions);
  Duration Elapsed() const { return clock_.Monotonic(); }

  using Objects = std::map<std::string, int>;
  using States = std::vector<SourceState>;

  FakeClock clock_;
  Random random_{1};
  std::stop_source stop_;
  ScriptedTransport transport_{clock_};
  Config config_;
  ReflectorOptions options_;  // without WatchList
  MapReceiver receiver_;
};

}  // namespace virtlens::kube::testing
