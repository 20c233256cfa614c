#include "exporter/inventory/names.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/random.h"

namespace virtlens::exporter {
namespace {

ObjectKey Key(std::string_view name) { return ObjectKey{Symbol("web"), std::string(name)}; }

TEST(Names, AVmGoesByItsUserCr) {
  Names names;
  names.Set(Key("shop-vm"), "shop");
  EXPECT_EQ(names.NameOf(Key("shop-vm")), "shop");
}

TEST(Names, AClaimOnAnotherVmsOwnNameIsRefusedWhicheverCameFirst) {
  Names names;
  names.Set(Key("shop-vm"), "shop");
  const auto touched = names.Set(Key("shop"), "");
  EXPECT_EQ(names.NameOf(Key("shop-vm")), "shop-vm");
  EXPECT_EQ(names.NameOf(Key("shop")), "shop");
  EXPECT_NE(std::find(touched.begin(), touched.end(), Key("shop-vm")), touched.end());
}

TEST(Names, TheClaimIsGrantedWhenItsRivalGoes) {
  Names names;
  names.Set(Key("shop-vm"), "shop");
  names.Set(Key("shop"), "");
  EXPECT_EQ(names.Remove(Key("shop")), std::vector<ObjectKey>{Key("shop-vm")});
  EXPECT_EQ(names.NameOf(Key("shop-vm")), "shop");
}

TEST(Names, TwoVmsOfOneOwnerKeepTheirOwnNames) {
  Names names;
  names.Set(Key("a"), "machine");
  names.Set(Key("b"), "machine");
  EXPECT_EQ(names.NameOf(Key("a")), "a");
  EXPECT_EQ(names.NameOf(Key("b")), "b");
}

TEST(Names, TheSameNameInAnotherNamespaceIsNoRival) {
  Names names;
  names.Set(Key("shop-vm"), "shop");
  names.Set(ObjectKey{Symbol("other"), "shop"}, "");
  EXPECT_EQ(names.NameOf(Key("shop-vm")), "shop");
}

TEST(Names, AClaimLeadsToItsVmWhileOnlyOneHasIt) {
  Names names;
  EXPECT_EQ(names.SoleClaimant(Key("machine")), "");
  names.Set(Key("a"), "machine");
  EXPECT_EQ(names.SoleClaimant(Key("machine")), "a");
  EXPECT_EQ(names.ClaimOf(Key("a")), "machine");
  names.Set(Key("b"), "machine");
  EXPECT_EQ(names.SoleClaimant(Key("machine")), "");
  names.Remove(Key("a"));
  EXPECT_EQ(names.SoleClaimant(Key("machine")), "b");
  EXPECT_EQ(names.ClaimOf(Key("a")), "");
}

// Whatever happened before: no two VMs share a name, every changed name was announced, and the
// result depends only on who is there.
TEST(Names, AreUniqueAndIndependentOfHistory) {
  Random random(11);
  Names names;
  std::map<ObjectKey, std::string> claims;
  std::map<ObjectKey, std::string> known;
  const auto name_of = [&](std::uint64_t i) { return std::string(1, static_cast<char>('a' + i)); };
  for (int step = 0; step < 5000; ++step) {
    const ObjectKey key = Key(name_of(random.Below(8)));
    std::vector<ObjectKey> touched;
    if (random.Below(3) == 0) {
      touched = names.Remove(key);
      claims.erase(key);
      known.erase(key);
    } else {
      const std::string claim = random.Below(3) == 0 ? "" : name_of(random.Below(10));
      touched = names.Set(key, claim);
      claims[key] = claim;
    }
    for (const ObjectKey& changed : touched) {
      if (claims.contains(changed)) known[changed] = names.NameOf(changed);
    }
    Names fresh;
    std::set<std::string_view> used;
    for (const auto& [vm, claim] : claims) fresh.Set(vm, claim);
    for (const auto& [vm, claim] : claims) {
      ASSERT_EQ(names.NameOf(vm), fresh.NameOf(vm)) << "step " << step;
      ASSERT_EQ(known[vm], names.NameOf(vm)) << "step " << step << ": a change was not announced";
      ASSERT_TRUE(used.insert(names.NameOf(vm)).second) << "step " << step << ": a name twice";
    }
  }
}

}  // namespace
}  // namespace virtlens::exporter
