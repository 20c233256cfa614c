// A sorted table of subjects, cut into leaves of about 256: what the exposition caches by.
//
//   leaves:   [ a/vm-001 .. a/vm-256 ] [ a/vm-257 .. b/vm-090 ] ...
//   a leaf:   its subjects in order, the groups of fields that changed since it was sealed, and per
//             family one compressed chunk
//
// A change marks fields in one leaf and costs nothing else; sealing (exporter/store.h) renders the
// families that read a marked field, at most once per scrape. Subjects of a namespace are
// neighbours, so a relabelled namespace touches only its own leaves.
//
// Thread contract: none of its own; the Store's lock guards it. References to subjects stay valid
// until the subject is erased.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/exposition/chunk.h"
#include "exporter/rows/rows.h"

namespace virtlens::exporter {

// Groups of fields, one bit each; a family declares which it reads.
using FieldMask = std::uint64_t;
inline constexpr FieldMask kAllFields = ~FieldMask{0};

// A family's lines of one leaf, compressed. `hash` is of the text, to skip what did not change.
struct SealedChunk {
  std::shared_ptr<const Chunk> chunk;  // null: no lines
  std::uint64_t hash = 0;
};

template <class Subject>
struct Leaf {
  std::vector<std::unique_ptr<Subject>> subjects;  // sorted by key, never empty in a table
  FieldMask dirty = kAllFields;
  std::vector<SealedChunk> sealed;  // by index of the family among the subject's families
};

// Subject has a member `ObjectKey key`.
template <class Subject>
class LeafTable {
 public:
  static constexpr std::size_t kSplitAt = 512;

  Subject* Find(const ObjectKey& key) {
    const auto leaf = FindLeaf(key);
    if (leaf == leaves_.end()) return nullptr;
    const auto position = Position(**leaf, key);
    if (position == (*leaf)->subjects.end() || (*position)->key != key) return nullptr;
    return position->get();
  }
  const Subject* Find(const ObjectKey& key) const {
    return const_cast<LeafTable*>(this)->Find(key);
  }

  // The subject of that key, made when there is none.
  Subject& FindOrInsert(const ObjectKey& key) {
    if (Subject* found = Find(key)) return *found;
    if (leaves_.empty()) leaves_.push_back(std::make_unique<Leaf<Subject>>());
    auto leaf = FindLeaf(key);
    auto subject = std::make_unique<Subject>();
    subject->key = key;
    Subject& inserted = *subject;
    (*leaf)->subjects.insert(Position(**leaf, key), std::move(subject));
    (*leaf)->dirty = kAllFields;
    if ((*leaf)->subjects.size() > kSplitAt) Split(leaf);
    ++size_;
    changed_ = true;
    return inserted;
  }

  void Erase(const ObjectKey& key) {
    const auto leaf = FindLeaf(key);
    if (leaf == leaves_.end()) return;
    const auto position = Position(**leaf, key);
    if (position == (*leaf)->subjects.end() || (*position)->key != key) return;
    (*leaf)->subjects.erase(position);
    (*leaf)->dirty = kAllFields;
    if ((*leaf)->subjects.empty()) {
      leaves_.erase(leaf);
    } else {
      MergeSmall(leaf);
    }
    --size_;
    changed_ = true;
  }

  void Mark(const ObjectKey& key, FieldMask fields) {
    const auto leaf = FindLeaf(key);
    if (fields == 0 || leaf == leaves_.end()) return;
    (*leaf)->dirty |= fields;
    changed_ = true;
  }
  void MarkAll(FieldMask fields) {
    for (auto& leaf : leaves_) leaf->dirty |= fields;
    changed_ = true;
  }
  // The leaves that hold subjects of a namespace.
  void MarkSpace(const Symbol& space, FieldMask fields) {
    for (auto& leaf : leaves_) {
      if (leaf->subjects.front()->key.space <= space && space <= leaf->subjects.back()->key.space) {
        leaf->dirty |= fields;
        changed_ = true;
      }
    }
  }

  template <class Function>
  void ForEach(Function function) {
    for (auto& leaf : leaves_) {
      for (auto& subject : leaf->subjects) function(*subject);
    }
  }

  // The subjects of one namespace, in order.
  template <class Function>
  void ForEachIn(const Symbol& space, Function function) const {
    const ObjectKey first{space, ""};
    auto& self = const_cast<LeafTable&>(*this);
    for (auto leaf = self.FindLeaf(first); leaf != self.leaves_.end(); ++leaf) {
      auto& subjects = (*leaf)->subjects;
      if (space < subjects.front()->key.space) return;
      for (auto subject = Position(**leaf, first);
           subject != subjects.end() && (*subject)->key.space == space; ++subject) {
        function(std::as_const(**subject));
      }
    }
  }

  std::size_t size() const { return size_; }
  std::vector<std::unique_ptr<Leaf<Subject>>>& leaves() { return leaves_; }
  // Whether anything was marked, inserted or erased since the last call.
  bool TakeChanged() { return std::exchange(changed_, false); }
  bool changed() const { return changed_; }

 private:
  using Leaves = std::vector<std::unique_ptr<Leaf<Subject>>>;

  // The leaf that holds `key` or would: the last whose first key is not greater.
  typename Leaves::iterator FindLeaf(const ObjectKey& key) {
    auto after = std::upper_bound(
        leaves_.begin(), leaves_.end(), key, [](const ObjectKey& wanted, const auto& leaf) {
          return !leaf->subjects.empty() && wanted < leaf->subjects.front()->key;
        });
    return after == leaves_.begin() ? after : after - 1;
  }
  static auto Position(Leaf<Subject>& leaf, const ObjectKey& key) {
    return std::lower_bound(
        leaf.subjects.begin(), leaf.subjects.end(), key,
        [](const auto& subject, const ObjectKey& wanted) { return subject->key < wanted; });
  }

  void Split(typename Leaves::iterator leaf) {
    auto& subjects = (*leaf)->subjects;
    const auto middle = subjects.begin() + static_cast<std::ptrdiff_t>(subjects.size() / 2);
    auto right = std::make_unique<Leaf<Subject>>();
    right->subjects.assign(std::make_move_iterator(middle),
                           std::make_move_iterator(subjects.end()));
    subjects.erase(middle, subjects.end());
    leaves_.insert(leaf + 1, std::move(right));
  }

  // Keeps leaves from dwindling: one below a quarter of the target joins its left neighbour.
  void MergeSmall(typename Leaves::iterator leaf) {
    if (leaf == leaves_.begin() || (*leaf)->subjects.size() >= kSplitAt / 8) return;
    auto& left = **(leaf - 1);
    if (left.subjects.size() > kSplitAt / 2) return;
    std::move((*leaf)->subjects.begin(), (*leaf)->subjects.end(),
              std::back_inserter(left.subjects));
    left.dirty = kAllFields;
    leaves_.erase(leaf);
  }

  Leaves leaves_;
  std::size_t size_ = 0;
  bool changed_ = false;
};

}  // namespace virtlens::exporter
