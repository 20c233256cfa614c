#include "exporter/rows/symbol.h"

#include <gtest/gtest.h>

#include <barrier>
#include <string>
#include <thread>
#include <vector>

namespace virtlens::exporter {
namespace {

TEST(Symbol, EmptyTextIsTheDefaultAndTakesNoPlace) {
  const std::size_t before = Symbol::PoolSize();
  const Symbol empty("");
  EXPECT_TRUE(empty.empty());
  EXPECT_EQ(empty, Symbol());
  EXPECT_EQ(empty.text(), "");
  EXPECT_EQ(Symbol::PoolSize(), before);
}

TEST(Symbol, EqualTextIsKeptOnceAndFreedWithTheLastSymbol) {
  const std::size_t before = Symbol::PoolSize();
  {
    const std::string text = "a-name-longer-than-the-small-string-buffer";
    Symbol first(text);
    const Symbol second(std::string(text).c_str());
    EXPECT_EQ(first, second);
    EXPECT_EQ(first.text().data(), second.text().data());
    EXPECT_EQ(Symbol::PoolSize(), before + 1);
    first = Symbol();
    EXPECT_EQ(Symbol::PoolSize(), before + 1);
    EXPECT_EQ(second.text(), text);
  }
  EXPECT_EQ(Symbol::PoolSize(), before);
}

TEST(Symbol, DifferentTextsDifferAndSortAlphabetically) {
  const Symbol alpha("alpha");
  const Symbol beta("beta");
  EXPECT_NE(alpha, beta);
  EXPECT_LT(alpha, beta);
  EXPECT_LT(Symbol(), alpha);
  EXPECT_EQ(alpha, "alpha");
  EXPECT_FALSE(alpha == "beta");
  EXPECT_TRUE(Symbol() == "");
}

TEST(Symbol, HoldsBytesOfAnyKind) {
  const std::string text("a\0b", 3);
  const Symbol symbol(text);
  EXPECT_EQ(symbol.text(), text);
  EXPECT_NE(symbol, Symbol("a"));
}

TEST(Symbol, ChurningNamesDoesNotFillThePool) {
  const std::size_t before = Symbol::PoolSize();
  for (int i = 0; i < 10000; ++i) EXPECT_FALSE(Symbol("churn-" + std::to_string(i)).empty());
  EXPECT_EQ(Symbol::PoolSize(), before);
}

TEST(Symbol, ThreadsThatMakeAndDropTheSameNamesAgree) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 5000;
  const std::size_t before = Symbol::PoolSize();
  std::barrier start(kThreads);
  std::vector<int> disagreements(kThreads, 0);
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&start, &wrong = disagreements[t]] {
        start.arrive_and_wait();
        for (int i = 0; i < kRounds; ++i) {
          const std::string text = "shared-" + std::to_string(i % 3);
          const Symbol one(text);
          const Symbol copy = one;
          const Symbol two(text);
          if (one != two || copy.text() != text) ++wrong;
        }
      });
    }
  }
  EXPECT_EQ(disagreements, std::vector<int>(kThreads, 0));
  EXPECT_EQ(Symbol::PoolSize(), before);
}

}  // namespace
}  // namespace virtlens::exporter
