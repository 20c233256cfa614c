#include "exporter/inventory/leaf_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "base/random.h"

namespace virtlens::exporter {
namespace {

struct Item {
  ObjectKey key;
  int value = 0;
};

ObjectKey Key(std::uint64_t number) {
  return ObjectKey{Symbol("ns" + std::to_string(number % 7)), "vm" + std::to_string(number)};
}

// Against std::map: same content, same order, leaves within bounds, whatever comes and goes.
TEST(LeafTable, HoldsWhatAMapHolds) {
  Random random(3);
  LeafTable<Item> table;
  std::map<ObjectKey, int> model;
  for (int step = 0; step < 20'000; ++step) {
    const ObjectKey key = Key(random.Below(4000));
    if (random.Below(step < 10'000 ? 4 : 2) == 0) {
      table.Erase(key);
      model.erase(key);
    } else {
      table.FindOrInsert(key).value = step;
      model[key] = step;
    }
  }
  ASSERT_EQ(table.size(), model.size());
  auto expected = model.begin();
  table.ForEach([&](const Item& item) {
    EXPECT_EQ(item.key, expected->first);
    EXPECT_EQ(item.value, expected->second);
    ++expected;
  });
  for (const auto& leaf : table.leaves()) {
    EXPECT_FALSE(leaf->subjects.empty());
    EXPECT_LE(leaf->subjects.size(), LeafTable<Item>::kSplitAt);
  }
}

TEST(LeafTable, MarkTouchesOneLeafAndMarkSpaceItsNeighbours) {
  LeafTable<Item> table;
  for (std::uint64_t i = 0; i < 3500; ++i) table.FindOrInsert(Key(i));
  for (auto& leaf : table.leaves()) leaf->dirty = 0;
  EXPECT_TRUE(table.TakeChanged());
  table.Mark(Key(1), 2);
  const auto dirty = [&] {
    return std::count_if(table.leaves().begin(), table.leaves().end(),
                         [](const auto& leaf) { return leaf->dirty != 0; });
  };
  EXPECT_EQ(dirty(), 1);
  table.MarkSpace(Symbol("ns3"), 4);
  for (const auto& leaf : table.leaves()) {
    bool holds = false;
    for (const auto& item : leaf->subjects) holds |= item->key.space == "ns3";
    EXPECT_TRUE(!holds || (leaf->dirty & 4) != 0);
  }
  EXPECT_LT(static_cast<std::size_t>(dirty()), table.leaves().size());
}

TEST(LeafTable, ANamespaceIsWalkedWholeInOrderAndAlone) {
  LeafTable<Item> table;
  table.ForEachIn(Symbol("ns3"), [](const Item&) { FAIL(); });
  for (std::uint64_t i = 0; i < 7000; ++i) table.FindOrInsert(Key(i));
  ASSERT_GT(table.leaves().size(), 7u);
  for (const char* space : {"ns0", "ns3", "ns6"}) {
    std::vector<ObjectKey> seen;
    table.ForEachIn(Symbol(space), [&](const Item& item) { seen.push_back(item.key); });
    EXPECT_EQ(seen.size(), 1000u) << space;
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
    for (const ObjectKey& key : seen) EXPECT_EQ(key.space, space);
  }
  for (const char* space : {"", "ns", "ns31", "z"}) {
    table.ForEachIn(Symbol(space), [](const Item&) { FAIL(); });
  }
}

}  // namespace
}  // namespace virtlens::exporter
