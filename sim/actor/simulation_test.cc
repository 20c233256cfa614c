// What makes a run repeatable: population, scenario, metrics, queue and store.
#include <gtest/gtest.h>

#include <set>

#include "base/fake_clock.h"
#include "sim/actor/handler_metrics.h"
#include "sim/actor/handler_server.h"
#include "sim/actor/players.h"
#include "sim/actor/population.h"
#include "sim/actor/scenario.h"
#include "sim/actor/store.h"
#include "sim/actor/work_queue.h"

namespace virtlens::sim::actor {
namespace {

using std::chrono::seconds;

const WallTime kNow{seconds(1'700'000'000)};

std::string Dump(const Population& population) {
  std::string out;
  for (const auto* list : {&population.namespaces, &population.vms, &population.instances}) {
    for (const Json& one : *list) out += one.dump() + "\n";
  }
  return out;
}

TEST(Population, IsTheSameForTheSameSeedAndAnotherForAnother) {
  EXPECT_EQ(Dump(MakePopulation(7, 50)), Dump(MakePopulation(7, 50)));
  EXPECT_NE(Dump(MakePopulation(7, 50)), Dump(MakePopulation(8, 50)));
}

TEST(Population, HasTheOddCasesOnPurpose) {
  const Population all = MakePopulation(1, 200);
  ASSERT_EQ(all.vms.size(), 200U);
  std::set<std::string> names;
  int wukongs = 0;
  int machines = 0;
  for (const Json& vm : all.vms) {
    names.insert(Space(vm) + "/" + Name(vm));
    if (const Json* owner = OwnerOfKind(vm, "Wukong")) {
      ++wukongs;
      EXPECT_EQ(Name(vm), Text(*owner, "name") + "-vm");
    }
    if (!Label(vm, "vitistack.io/source-machine").empty()) ++machines;
  }
  EXPECT_EQ(names.size(), 200U);
  EXPECT_GT(wukongs, 0);
  EXPECT_GT(machines, 0);
  EXPECT_FALSE(all.instances.empty());
  EXPECT_EQ(Label(all.namespaces.back(), "kubesphere.io/workspace"), "");
  EXPECT_FALSE(Label(all.namespaces.front(), "kubesphere.io/workspace").empty());
}

std::string Dump(const Scenario& scenario) {
  std::string out;
  for (const ScenarioStep& step : scenario) {
    out += std::to_string(step.at.count());
    for (const Write& write : WritesOf(step)) out += " " + write.key.Text() + write.body.dump();
    out += "\n";
  }
  return out;
}

TEST(Scenario, RepeatsForTheSameSeed) {
  const Population population = MakePopulation(1, 20);
  const Scenario scenario = RandomScenario(3, population, Duration(600'000), 1.0);
  EXPECT_EQ(Dump(scenario), Dump(RandomScenario(3, population, Duration(600'000), 1.0)));
  EXPECT_NE(Dump(scenario), Dump(RandomScenario(4, population, Duration(600'000), 1.0)));
  EXPECT_NEAR(static_cast<double>(scenario.size()), 600, 100);
}

TEST(Scenario, IsInOrderAndNeverTouchesADeletedVm) {
  const Scenario scenario = RandomScenario(5, MakePopulation(1, 20), Duration(900'000), 2.0);
  Duration last{0};
  std::set<ObjectKey> deleted;
  for (const ScenarioStep& step : scenario) {
    EXPECT_GE(step.at, last);
    last = step.at;
    EXPECT_FALSE(deleted.contains(step.object)) << step.object.Text();
    if (step.action == Action::kDelete) deleted.insert(step.object);
  }
  EXPECT_FALSE(deleted.empty());
}

Json RunningVmi() {
  Json vmi = Json::parse(R"({
    "metadata": {"name": "web", "namespace": "shop", "uid": "u1",
                 "labels": {"app.kubernetes.io/name": "a\"b\\c"}},
    "spec": {"volumes": [{"name": "root"}], "domain": {"devices": {"interfaces": [{"name": "default"}]}}},
    "status": {"nodeName": "node-01", "memory": {"guestCurrent": "4Gi"}}})");
  SetPhase(vmi, "Running", kNow);
  return vmi;
}

TEST(HandlerMetrics, CarriesTheLabelsOfTheVmiEscaped) {
  HandlerMetrics metrics(1);
  metrics.Update({Kind::kVmi, "shop", "web"}, FactsOfGuest(RunningVmi()));
  const std::string text = metrics.Render("node-01", kNow + seconds(60));
  EXPECT_NE(text.find("kubevirt_vmi_memory_domain_bytes{node=\"node-01\",namespace=\"shop\","
                      "name=\"web\",kubernetes_vmi_label_app_kubernetes_io_name=\"a\\\"b\\\\c\"} "
                      "4294967296\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(metrics.Render("node-02", kNow).find("name=\"web\""), std::string::npos);
}

TEST(HandlerMetrics, RepeatsForOneInstantAndNeverGoesBack) {
  HandlerMetrics metrics(1);
  metrics.Update({Kind::kVmi, "shop", "web"}, FactsOfGuest(RunningVmi()));
  EXPECT_EQ(metrics.Render("", kNow + seconds(60)), metrics.Render("", kNow + seconds(60)));
  const auto value = [&](int at) {
    const std::string text = metrics.Render("", kNow + seconds(at));
    const std::size_t begin = text.find("\nkubevirt_vmi_cpu_usage_seconds_total{");
    const std::size_t space = text.find(' ', begin);
    return std::stod(text.substr(space + 1));
  };
  double last = 0;
  for (int at = 10; at < 900; at += 10) {
    const double now = value(at);
    EXPECT_GT(now, last);
    last = now;
  }
}

TEST(HandlerMetrics, ShowsTenMigrationSamplesWithTheirOwnTimes) {
  Json vmi = RunningVmi();
  vmi["status"]["migrationState"]["startTimestamp"] = Stamp(kNow + seconds(10));
  HandlerMetrics metrics(1);
  metrics.Update({Kind::kVmi, "shop", "web"}, FactsOfGuest(vmi));
  const std::string text = metrics.Render("", kNow + seconds(110));
  const std::string series =
      "\nkubevirt_vmi_migration_data_processed_bytes{node=\"node-01\",namespace=\"shop\",name="
      "\"web\"}";
  int samples = 0;
  for (std::size_t at = text.find(series); at != std::string::npos;
       at = text.find(series, at + 1)) {
    ++samples;
  }
  EXPECT_EQ(samples, 10);
  EXPECT_NE(text.find(" 1700000110000\n"), std::string::npos);
}

TEST(HandlerMetrics, IsSilentAboutALostNode) {
  HandlerMetrics metrics(1);
  metrics.Update({Kind::kVmi, "shop", "web"}, FactsOfGuest(RunningVmi()));
  metrics.SetLost({"node-01"});
  EXPECT_TRUE(metrics.lost("node-01"));
  EXPECT_EQ(metrics.Render("", kNow).find("name=\"web\""), std::string::npos);
}

TEST(HandlerServer, ReadsWhatVirtApiAsks) {
  const auto call = ParseGuestCall("/v1/namespaces/shop/virtualmachineinstances/web/pause");
  ASSERT_TRUE(call);
  EXPECT_EQ(call->vmi, (ObjectKey{Kind::kVmi, "shop", "web"}));
  EXPECT_EQ(call->verb, "pause");
  EXPECT_FALSE(ParseGuestCall("/v1/namespaces/shop/virtualmachineinstances/web"));
  EXPECT_FALSE(ParseGuestCall("/v1/namespaces//virtualmachineinstances/web/pause"));
}

TEST(WorkQueue, GivesAKeyOnceAndToOneWorkerAtATime) {
  FakeClock clock;
  WorkQueue queue(clock);
  const ObjectKey key{Kind::kVm, "a", "b"};
  queue.Add(key);
  queue.Add(key);
  EXPECT_EQ(queue.TakeDue(), key);
  queue.Add(key);
  EXPECT_EQ(queue.TakeDue(), std::nullopt);
  queue.Done(key);
  EXPECT_EQ(queue.TakeDue(), key);
  queue.Done(key);
  EXPECT_EQ(queue.TakeDue(), std::nullopt);
  EXPECT_EQ(queue.size(), 0U);
}

TEST(WorkQueue, KeepsTheEarlierOfTwoTimes) {
  FakeClock clock;
  WorkQueue queue(clock);
  const ObjectKey key{Kind::kVm, "a", "b"};
  queue.AddAfter(key, Duration(500));
  queue.AddAfter(key, Duration(900));
  EXPECT_EQ(queue.TakeDue(), std::nullopt);
  clock.Advance(Duration(500));
  EXPECT_EQ(queue.TakeDue(), key);
}

std::string Padded(const Json& object) {
  std::string text = object.dump();
  text.reserve(text.size() + 64);
  return text;
}

TEST(Players, LeaveAPodOfAnothersNodeAlone) {
  FakeClock clock;
  Store store(clock);
  WorkQueue queue(clock);
  HandlerMetrics metrics(1);
  Players players({.nodes = 2, .pace = Pace{1, 1000.0}}, store, queue, metrics);
  const auto decide = [&](const std::string& node) {
    const Json pod = {{"metadata", {{"name", "p"}, {"namespace", "a"}, {"uid", "u"}}},
                      {"spec", {{"nodeName", node}}},
                      {"status", {{"phase", "Pending"}}}};
    store.Upsert(Kind::kPod, Padded(pod));
    return players.Decide({Kind::kPod, "a", "p"}, kNow);
  };
  const Decision other = decide("testbed");
  EXPECT_TRUE(other.writes.empty());
  EXPECT_FALSE(other.again);
  const Decision ours = decide("node-02");
  EXPECT_TRUE(ours.again || !ours.writes.empty());
}

TEST(Store, FollowsOwnersAndForgetsWhatARelistDoesNotName) {
  FakeClock clock;
  Store store(clock);
  const Json pod = {{"metadata",
                     {{"name", "p"},
                      {"namespace", "a"},
                      {"uid", "u2"},
                      {"resourceVersion", "5"},
                      {"ownerReferences", Json::array({{{"uid", "u1"}}})}}}};
  ASSERT_TRUE(store.Upsert(Kind::kPod, Padded(pod)));
  const ObjectKey key{Kind::kPod, "a", "p"};
  EXPECT_EQ(store.OwnedBy("u1"), std::vector<ObjectKey>{key});
  EXPECT_EQ(store.ByUid("u2"), key);
  EXPECT_EQ(store.Get(key), pod);
  EXPECT_EQ(store.RemoveOthers(Kind::kPod, {}).size(), 1U);
  EXPECT_TRUE(store.OwnedBy("u1").empty());
  EXPECT_FALSE(store.Get(key));
}

TEST(Store, WaitsForAWriteOfOursToComeBack) {
  FakeClock clock;
  Store store(clock);
  const ObjectKey key{Kind::kVm, "a", "vm"};
  Json vm = {{"metadata", {{"name", "vm"}, {"namespace", "a"}, {"resourceVersion", "1"}}}};
  store.Upsert(Kind::kVm, Padded(vm));
  store.Expect(key, "2");
  EXPECT_TRUE(store.Expected(key));
  vm["metadata"]["resourceVersion"] = "2";
  store.Upsert(Kind::kVm, Padded(vm));
  EXPECT_FALSE(store.Expected(key));
  store.Expect(key, "2");  // the event was faster than the answer
  EXPECT_FALSE(store.Expected(key));
  store.Expect(key, "3");
  clock.Advance(kExpectationLimit);
  EXPECT_FALSE(store.Expected(key));
}

}  // namespace
}  // namespace virtlens::sim::actor
