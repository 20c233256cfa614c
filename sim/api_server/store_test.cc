#include "sim/api_server/store.h"

#include <gtest/gtest.h>

#include "base/fake_clock.h"

namespace virtlens::sim {
namespace {

const kube::ResourceType kPod{"", "v1", "pods", "Pod", true};
const kube::ResourceType kSpace{"", "v1", "namespaces", "Namespace", false};
const kube::ResourceType kMap{"", "v1", "configmaps", "ConfigMap", true};

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() { Create(kSpace, "", {{"metadata", {{"name", "a"}}}}); }

  Json Create(const kube::ResourceType& type, const std::string& space, const Json& object) {
    const auto created = store_.Create(type, space, object);
    EXPECT_TRUE(created) << (created ? "" : created.error().message);
    return created ? Json::parse((*created)->json) : Json();
  }
  Json Child(const std::string& name, const Json& owner) {
    return Create(kPod, "a",
                  {{"metadata",
                    {{"name", name},
                     {"ownerReferences", Json::array({{{"uid", owner["metadata"]["uid"]}}})}}}});
  }
  bool Exists(const kube::ResourceType& type, const std::string& space, const std::string& name) {
    return store_.Get(type, space, name).has_value();
  }
  Store::Batch Drain(Store::WatchPosition& position, std::size_t max = 100) {
    return store_.Next(position, max, std::chrono::steady_clock::now(), {});
  }

  FakeClock clock_;
  Random random_{1};
  Store store_{clock_, random_, 10};
};

TEST_F(StoreTest, ACreatedObjectGetsItsMetadata) {
  const Json pod = Create(kPod, "a", {{"metadata", {{"generateName", "p-"}}}});
  const Json& metadata = pod["metadata"];
  EXPECT_EQ(pod["kind"], "Pod");
  EXPECT_EQ(pod["apiVersion"], "v1");
  EXPECT_EQ(pod["status"]["phase"], "Pending");
  EXPECT_EQ(metadata["name"].get<std::string>().size(), 7U);
  EXPECT_EQ(metadata["uid"].get<std::string>().size(), 36U);
  EXPECT_EQ(metadata["creationTimestamp"], "2023-11-14T22:13:20Z");
  EXPECT_EQ(metadata["generation"], 1);
  EXPECT_EQ(metadata["resourceVersion"], std::to_string(store_.revision()));
}

TEST_F(StoreTest, AnObjectInAMissingNamespaceIsRefused) {
  const auto created = store_.Create(kPod, "b", {{"metadata", {{"name", "p"}}}});
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().http_status, 404);
  EXPECT_EQ(created.error().message, "namespaces \"b\" not found");
}

TEST_F(StoreTest, AWriteThatChangesNothingIsNoEvent) {
  Create(kMap, "a", {{"metadata", {{"name", "m"}}}, {"data", {{"k", "v"}}}});
  const Revision before = store_.revision();
  const auto same = store_.Update(kMap, "a", "m", "", [](const Json& current) { return current; });
  ASSERT_TRUE(same);
  EXPECT_EQ(store_.revision(), before);
}

TEST_F(StoreTest, AFinalizerKeepsADeletedObjectUntilItIsRemoved) {
  Create(kMap, "a", {{"metadata", {{"name", "m"}, {"finalizers", {"x/y"}}}}});
  ASSERT_TRUE(store_.Delete(kMap, "a", "m", {}));
  const auto kept = store_.Get(kMap, "a", "m");
  ASSERT_TRUE(kept);
  EXPECT_EQ(Json::parse((*kept)->json)["metadata"]["deletionTimestamp"], "2023-11-14T22:13:20Z");
  ASSERT_TRUE(store_.Update(kMap, "a", "m", "", [](const Json& current) -> Result<Json> {
    Json next = current;
    next["metadata"].erase("finalizers");
    return next;
  }));
  EXPECT_FALSE(Exists(kMap, "a", "m"));
}

TEST_F(StoreTest, ChildrenGoWithTheirLastOwner) {
  const Json owner = Create(kMap, "a", {{"metadata", {{"name", "owner"}}}});
  const Json child = Child("child", owner);
  Child("grandchild", child);
  ASSERT_TRUE(store_.Delete(kMap, "a", "owner", {}));
  EXPECT_FALSE(Exists(kPod, "a", "child"));
  EXPECT_FALSE(Exists(kPod, "a", "grandchild"));
}

TEST_F(StoreTest, OrphanedChildrenStayWithoutTheReference) {
  Child("child", Create(kMap, "a", {{"metadata", {{"name", "owner"}}}}));
  DeletePolicy policy;
  policy.orphan = true;
  ASSERT_TRUE(store_.Delete(kMap, "a", "owner", policy));
  const auto child = store_.Get(kPod, "a", "child");
  ASSERT_TRUE(child);
  EXPECT_FALSE(Json::parse((*child)->json)["metadata"].contains("ownerReferences"));
}

TEST_F(StoreTest, AChildWithASecondOwnerStays) {
  const Json first = Create(kMap, "a", {{"metadata", {{"name", "first"}}}});
  const Json second = Create(kMap, "a", {{"metadata", {{"name", "second"}}}});
  Create(kPod, "a",
         {{"metadata",
           {{"name", "child"},
            {"ownerReferences", Json::array({{{"uid", first["metadata"]["uid"]}},
                                             {{"uid", second["metadata"]["uid"]}}})}}}});
  ASSERT_TRUE(store_.Delete(kMap, "a", "first", {}));
  EXPECT_TRUE(Exists(kPod, "a", "child"));
  ASSERT_TRUE(store_.Delete(kMap, "a", "second", {}));
  EXPECT_FALSE(Exists(kPod, "a", "child"));
}

TEST_F(StoreTest, ANamespaceGoesWithTheLastObjectInIt) {
  Create(kPod, "a", {{"metadata", {{"name", "p"}}}});
  Create(kMap, "a", {{"metadata", {{"name", "m"}, {"finalizers", {"x/y"}}}}});
  ASSERT_TRUE(store_.Delete(kSpace, "", "a", {}));
  EXPECT_FALSE(Exists(kPod, "a", "p"));
  ASSERT_TRUE(Exists(kSpace, "", "a"));
  const auto refused = store_.Create(kPod, "a", {{"metadata", {{"name", "q"}}}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().http_status, 403);
  ASSERT_TRUE(store_.Update(kMap, "a", "m", "", [](const Json& current) -> Result<Json> {
    Json next = current;
    next["metadata"].erase("finalizers");
    return next;
  }));
  EXPECT_FALSE(Exists(kSpace, "", "a"));
}

TEST_F(StoreTest, AWatchReadsWhatCameAfterItsVersion) {
  Create(kPod, "a", {{"metadata", {{"name", "before"}}}});
  auto position = store_.WatchFrom(kPod, store_.revision());
  ASSERT_TRUE(position);
  Create(kPod, "a", {{"metadata", {{"name", "p"}}}});
  ASSERT_TRUE(store_.Delete(kPod, "a", "p", {}));
  const auto batch = Drain(*position);
  ASSERT_EQ(batch.events.size(), 2U);
  EXPECT_EQ(batch.events[0].type, StoreEvent::Type::kAdded);
  EXPECT_EQ(batch.events[1].type, StoreEvent::Type::kDeleted);
  EXPECT_EQ(batch.events[1].object->name, "p");
  EXPECT_GT(batch.events[1].object->revision, batch.events[0].object->revision);
  EXPECT_EQ(batch.revision, store_.revision());
}

TEST_F(StoreTest, AVersionThatFellOffTheHistoryIsExpired) {
  const Revision old = store_.revision();
  auto slow = store_.WatchFrom(kPod, old);
  ASSERT_TRUE(slow);
  for (int i = 0; i < 11; ++i) {
    Create(kPod, "a", {{"metadata", {{"name", "p" + std::to_string(i)}}}});
  }
  const auto late = store_.WatchFrom(kPod, old);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::kExpired);
  EXPECT_TRUE(Drain(*slow).expired);
  // The newest version that still has all its successors.
  EXPECT_TRUE(store_.WatchFrom(kPod, old + 1));
}

TEST_F(StoreTest, CompactionExpiresEveryVersionSoFarButNotTheNext) {
  const Revision old = store_.revision();
  store_.Compact();
  EXPECT_FALSE(store_.WatchFrom(kPod, old));
  EXPECT_TRUE(store_.WatchFrom(kPod, store_.revision()));
}

TEST_F(StoreTest, ADefinitionServesItsResourceAndTakesItsObjectsAlong) {
  const kube::ResourceType crd{"apiextensions.k8s.io", "v1", "customresourcedefinitions",
                               "CustomResourceDefinition", false};
  ServedResource resource{{"example.org", "v1", "things", "Thing", true}, true, {"th"}, true};
  EXPECT_FALSE(store_.List(resource.type, ""));
  const Json created = Create(crd, "", CrdOf(resource));
  EXPECT_EQ(created["status"]["conditions"][1]["type"], "Established");
  Create(resource.type, "a", {{"metadata", {{"name", "t"}}}});
  auto position = store_.WatchFrom(resource.type, store_.revision());
  ASSERT_TRUE(position);
  ASSERT_TRUE(store_.Delete(crd, "", "things.example.org", {}));
  const auto batch = Drain(*position);
  ASSERT_EQ(batch.events.size(), 1U);
  EXPECT_EQ(batch.events[0].type, StoreEvent::Type::kDeleted);
  EXPECT_TRUE(batch.gone);
  EXPECT_FALSE(store_.List(resource.type, ""));
  // Back again, and empty; versions of the earlier life are expired.
  Create(crd, "", CrdOf(resource));
  EXPECT_TRUE(store_.List(resource.type, "")->objects.empty());
  EXPECT_FALSE(store_.WatchFrom(resource.type, batch.events[0].object->revision - 1));
}

TEST_F(StoreTest, CustomDefinitionsSurviveTheirRoundTrip) {
  for (const auto& resource : KubeVirtResources()) {
    const auto read = ResourceOfCrd(CrdOf(resource));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->type, resource.type);
    EXPECT_EQ(read->has_status, resource.has_status);
    EXPECT_EQ(read->short_names, resource.short_names);
  }
}

}  // namespace
}  // namespace virtlens::sim
