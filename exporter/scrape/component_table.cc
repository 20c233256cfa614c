#include "exporter/scrape/component_table.h"

#include <algorithm>
#include <utility>

#include "exporter/scrape/controller_rows_internal.h"
#include "exporter/scrape/guest_rows_internal.h"

namespace virtlens::exporter {
namespace {

static_assert(std::size(guest_rows::kRows) + std::size(controller_rows::kRows) ==
              kComponentRowCount);

constexpr auto kRows = [] {
  std::array<ComponentRow, kComponentRowCount> rows{};
  const auto end =
      std::copy(std::begin(guest_rows::kRows), std::end(guest_rows::kRows), rows.begin());
  std::copy(std::begin(controller_rows::kRows), std::end(controller_rows::kRows), end);
  return rows;
}();

constexpr bool RowsAreInOrder() {
  for (std::size_t i = 0; i < std::size(kRows); ++i) {
    if (kRows[i].vm_label.empty() != (i >= kVmRows)) return false;
  }
  return true;
}
static_assert(RowsAreInOrder(), "rows of VMs come first, and are kVmRows");

// The names of all rows, hashed while compiling: what a page says is looked up once a name, and
// most of it must be refused fast.
constexpr std::pair<std::string_view, Part> kHistogramParts[] = {
    {"_bucket", Part::kBucket}, {"_sum", Part::kSum}, {"_count", Part::kCount}};

constexpr std::size_t CountNames() {
  std::size_t count = 0;
  for (const ComponentRow& row : kRows) {
    count +=
        row.upstream.size() * (row.type == FamilyType::kHistogram ? std::size(kHistogramParts) : 1);
  }
  return count;
}

constexpr bool IsBefore(const WantedName& left, const WantedName& right) {
  return left.name != right.name ? left.name < right.name : left.suffix < right.suffix;
}

// Sorted, so that the rows that share a name are neighbours.
constexpr auto kWanted = [] {
  std::array<WantedName, CountNames()> names{};
  std::size_t count = 0;
  for (std::size_t i = 0; i < std::size(kRows); ++i) {
    const auto row = static_cast<std::uint16_t>(i);
    std::uint8_t rank = 0;
    for (const UpstreamName& upstream : kRows[i].upstream) {
      if (kRows[i].type == FamilyType::kHistogram) {
        for (const auto& [suffix, part] : kHistogramParts) {
          names[count++] = {upstream.name, suffix, part, row, rank};
        }
      } else {
        names[count++] = {upstream.name, {}, Part::kValue, row, rank};
      }
      ++rank;
    }
  }
  std::sort(names.begin(), names.end(), IsBefore);
  return names;
}();

// FNV-1a of the length and the last bytes, where the names differ.
constexpr std::uint32_t Hash(std::string_view name) {
  constexpr std::size_t kTail = 16;
  std::uint32_t hash = 2166136261U ^ static_cast<std::uint32_t>(name.size());
  for (const char c : name.substr(name.size() - std::min(name.size(), kTail))) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  }
  return hash ^ (hash >> 15U);
}

constexpr std::uint32_t HashOf(const WantedName& wanted) {
  if (wanted.suffix.empty()) return Hash(wanted.name);
  std::array<char, 128> joined{};
  char* end = std::copy(wanted.name.begin(), wanted.name.end(), joined.begin());
  end = std::copy(wanted.suffix.begin(), wanted.suffix.end(), end);
  return Hash({joined.data(), static_cast<std::size_t>(end - joined.data())});
}

constexpr std::size_t kSlots = 512;  // a power of two, several times the names
constexpr std::uint16_t kFree = 0xffff;

constexpr bool StartsName(std::size_t i) { return i == 0 || IsBefore(kWanted[i - 1], kWanted[i]); }

// Open addressing; a slot holds the first of the rows of a name.
constexpr auto kSlotOf = [] {
  std::array<std::uint16_t, kSlots> slots{};
  slots.fill(kFree);
  for (std::size_t i = 0; i < kWanted.size(); ++i) {
    if (!StartsName(i)) continue;
    std::size_t slot = HashOf(kWanted[i]) % kSlots;
    while (slots[slot] != kFree) slot = (slot + 1) % kSlots;
    slots[slot] = static_cast<std::uint16_t>(i);
  }
  return slots;
}();
static_assert(kWanted.size() * 2 < kSlots);

bool Is(const WantedName& wanted, std::string_view name) {
  return name.size() == wanted.name.size() + wanted.suffix.size() &&
         name.starts_with(wanted.name) && name.ends_with(wanted.suffix);
}

}  // namespace

std::span<const ComponentRow> ComponentRows() { return kRows; }

std::span<const WantedName> FindWanted(std::string_view name) {
  if (!name.starts_with("kubevirt_")) return {};
  for (std::size_t slot = Hash(name) % kSlots; kSlotOf[slot] != kFree; slot = (slot + 1) % kSlots) {
    const std::size_t first = kSlotOf[slot];
    if (!Is(kWanted[first], name)) continue;
    std::size_t end = first + 1;
    while (end < kWanted.size() && !StartsName(end)) ++end;
    return std::span(kWanted).subspan(first, end - first);
  }
  return {};
}

std::string_view ComponentName(Component component) {
  static constexpr std::array<std::string_view, kComponents> kNames = {
      "virt-handler",        "virt-controller", "virt-api",     "virt-operator",
      "cdi-controller",      "cdi-operator",    "cdi-importer", "kubevirt-metrics-exporter",
      "virt-handler-vmstats"};
  return kNames[static_cast<std::size_t>(component)];
}

}  // namespace virtlens::exporter
