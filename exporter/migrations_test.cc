// Failed migrations and the events that explain them, in whatever order they come.
#include <gtest/gtest.h>

#include "base/fake_clock.h"
#include "exporter/decode/decode.h"
#include "exporter/exposition/testing/exposition_reader.h"
#include "exporter/exposition/testing/page_text.h"
#include "exporter/inventory/testing/rows.h"
#include "exporter/store.h"

namespace virtlens::exporter {
namespace {

using std::chrono::seconds;

class MigrationsTest : public testing::Test {
 protected:
  void SetUp() override {
    store_.Update([](Inventory& inventory, Micros now) {
      inventory.CountSince(now);
      inventory.SetMigrationEventsRead(true);
      inventory.Upsert(VmOf("web", "shop"), now);
    });
  }

  void Put(MigrationPhase phase) {
    MigrationRow row = MigrationOf("web", "m1", "shop", phase);
    row.transitions = {{phase, MicrosOf(clock_.Now())}};
    store_.Update([&](Inventory& inventory, Micros now) { inventory.Upsert(row, now); });
  }
  void Fail() { Put(MigrationPhase::Of("Failed")); }
  void Say(const std::string& text, const std::string& uid = "uid-m1") {
    const PaddedObject object(R"({"metadata":{"namespace":"web","name":"m1.17f"},
      "reason":"FailedMigration","involvedObject":{"kind":"VirtualMachineInstanceMigration",
      "namespace":"web","name":"m1","uid":")" +
                              uid + R"("},"message":")" + text + R"("})");
    auto row = Decoder().MigrationEvent(object.view());
    ASSERT_TRUE(row) << row.error().message;
    store_.Update([&](Inventory& inventory, Micros now) { inventory.Upsert(*row, now); });
  }
  template <class Row>
  void Remove(const std::string& name) {
    store_.Update([&](Inventory& inventory, Micros now) {
      inventory.Remove<Row>(ObjectKey{Symbol("web"), name}, now);
    });
  }
  // "reason=count" of the failed ones.
  std::string Counted() {
    std::string counted;
    for (const auto& [labels, value] : Read().Samples("virt_vm_migrations_total")) {
      counted += labels.at("reason") + "=" + std::to_string(static_cast<int>(value)) + " ";
    }
    return counted;
  }
  std::string Outcome() {
    const Exposition page = Read();
    const auto& samples = page.Samples("virt_migration_outcome");
    return samples.empty() ? "" : samples.begin()->first.at("reason");
  }
  Exposition Read() {
    const std::string text = PageText(*store_.Scrape());
    auto read = ReadExposition(text);
    EXPECT_TRUE(read) << read.error().message;
    return read ? std::move(*read) : Exposition{};
  }

  FakeClock clock_;
  Store store_{"c1", clock_};
};

constexpr const char* kTargetGone = "Migration failed because target pod shutdown during migration";

TEST_F(MigrationsTest, AnEventAfterTheFailureSaysWhy) {
  Put(MigrationPhase::Of("Running"));
  Fail();
  EXPECT_EQ(Counted(), "") << "it waits for the event";
  EXPECT_EQ(Outcome(), "other");
  Say(kTargetGone);
  EXPECT_EQ(Counted(), "target_pod=1 ");
  EXPECT_EQ(Outcome(), "target_pod");
  clock_.Advance(seconds(60));
  EXPECT_EQ(Counted(), "target_pod=1 ") << "once";
}

TEST_F(MigrationsTest, AnEventBeforeTheObjectSaysWhyToo) {
  Say(kTargetGone);
  Fail();
  EXPECT_EQ(Counted(), "target_pod=1 ");
}

TEST_F(MigrationsTest, WithoutAnEventItIsCountedAfterTheGrace) {
  Fail();
  clock_.Advance(seconds(9));
  EXPECT_EQ(Counted(), "");
  clock_.Advance(seconds(1));
  EXPECT_EQ(Counted(), "other=1 ");
  Say(kTargetGone);
  EXPECT_EQ(Counted(), "other=1 ") << "a counter is not corrected";
  EXPECT_EQ(Outcome(), "target_pod") << "what is known now is shown";
}

TEST_F(MigrationsTest, ItIsCountedBeforeItsObjectGoes) {
  Fail();
  Remove<MigrationRow>("m1");
  EXPECT_EQ(Counted(), "other=1 ");
  clock_.Advance(seconds(60));
  EXPECT_EQ(Counted(), "other=1 ");
}

TEST_F(MigrationsTest, AnEventOfAnotherMigrationOfThatNameDoesNotCount) {
  Say(kTargetGone, "uid-of-an-older-m1");
  Fail();
  EXPECT_EQ(Outcome(), "other");
}

TEST_F(MigrationsTest, WhereEventsAreNotReadNothingWaits) {
  store_.Update([](Inventory& inventory, Micros) { inventory.SetMigrationEventsRead(false); });
  Fail();
  EXPECT_EQ(Counted(), "other=1 ");
}

TEST_F(MigrationsTest, OneThatEndsAfterItsNamespaceMakesNoProjectAnew) {
  store_.Update([](Inventory& inventory, Micros now) {
    inventory.Upsert(NamespaceOf("web", "ops"), now);
    inventory.Remove<NamespaceRow>(ObjectKey{Symbol(), "web"}, now);
    inventory.Remove<VmRow>(ObjectKey{Symbol("web"), "shop"}, now);
  });
  Put(MigrationPhase::Of("Running"));
  Put(MigrationPhase::Of("Succeeded"));
  EXPECT_TRUE(Read().Samples("virt_migration_duration_seconds_count").empty());
}

TEST_F(MigrationsTest, EventsThatExpireChangeNothing) {
  Say(kTargetGone);
  Fail();
  Remove<MigrationEventRow>("m1.17f");
  EXPECT_EQ(Outcome(), "target_pod");
  store_.Update([](Inventory& inventory, Micros) { EXPECT_EQ(inventory.migration_events(), 0U); });
}

}  // namespace
}  // namespace virtlens::exporter
