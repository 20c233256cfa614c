// A small cluster's API objects as JSON, and random changes of them: what users, controllers and
// nodes do, without the waiting.
//
// Times that the API keeps are whole seconds and may lie a little before the change is told, as in
// a real cluster. Everything comes from one seeded Random.
//
// Thread contract: one thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "tests/oracle/feed.h"

namespace virtlens::oracle {

// An object as it is now; null: it was deleted.
struct Change {
  std::string kind;
  ObjectName name;
  Json object;
};

class World {
 public:
  // `may_orphan`: a Namespace may go before what is in it.
  World(Clock& clock, Random& random, bool may_orphan)
      : clock_(clock), random_(random), may_orphan_(may_orphan) {}

  // One random change; nullopt when the dice found nothing to do.
  std::optional<Change> Step();
  const std::map<ObjectName, Json>& Objects(const std::string& kind) { return objects_[kind]; }
  // What an API server made of a change, or wrote itself.
  void Take(const std::string& kind, const ObjectName& name, Json object) {
    objects_[kind][name] = std::move(object);
  }
  // Of a removed CRD.
  void Clear(const std::string& kind) { objects_[kind].clear(); }

 private:
  bool Chance(std::uint64_t percent) { return random_.Below(100) < percent; }
  std::string OneOf(const std::vector<std::string>& values);
  ObjectName AnyName(const char* prefix, std::uint64_t count);
  std::string NewUid() { return "uid-" + std::to_string(++uids_); }
  // Now, or a little before, but not before `earliest`.
  std::string ApiTime(const std::string& earliest = "");
  Json* Find(const std::string& kind, const ObjectName& name);
  Change Put(const std::string& kind, const ObjectName& name, Json object);
  std::optional<Change> Delete(const std::string& kind, const ObjectName& name);
  Json NewObject(const char* api_version, const std::string& kind, const ObjectName& name);

  static Json OwnerReference(const char* api_version, const char* kind, const std::string& name);
  void SetCondition(Json& object, const std::string& type, const std::string& status,
                    const std::string& reason);
  static void RemoveCondition(Json& object, const std::string& type);

  std::optional<Change> ChangeNamespace();
  std::optional<Change> ChangePod(const ObjectName& name);
  std::optional<Change> ChangeQuota(const ObjectName& name);
  std::optional<Change> ChangeSnapshot(const ObjectName& name);
  std::optional<Change> ChangeVm(const ObjectName& name);
  Json NewVm(const ObjectName& name);
  void AlterVm(Json& vm);
  std::optional<Change> ChangeInstance(const ObjectName& name);
  Json NewInstance(const ObjectName& name);
  void AlterInstance(Json& instance);
  void AlterGuest(Json& instance);
  void MoveInstance(Json& instance);
  void EnterPhase(Json& instance, const std::string& phase);
  std::optional<Change> ChangeClaim(const ObjectName& name);
  std::optional<Change> ChangeVolume(const ObjectName& name);
  std::optional<Change> ChangeMigration(const ObjectName& name);
  void AlterMigration(Json& migration);
  std::optional<Change> ChangeNode(const ObjectName& name);
  std::optional<Change> ChangeCustom();

  Clock& clock_;
  Random& random_;
  const bool may_orphan_;
  std::uint64_t uids_ = 0;
  std::map<std::string, std::map<ObjectName, Json>> objects_;
};

}  // namespace virtlens::oracle
