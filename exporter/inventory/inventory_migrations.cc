// Migrations, and how often those of a VM ended and why.

#include <algorithm>

#include "base/log.h"
#include "exporter/inventory/inventory.h"

namespace virtlens::exporter {
namespace {

// The event that says why comes beside the object that says failed, in either order.
constexpr Micros kEventGrace = 10'000'000;

double Seconds(Micros from, Micros to) {
  return static_cast<double>(std::max<Micros>(to - from, 0)) / 1e6;
}

bool MayBeExplained(const MigrationOutcome& outcome) {
  return outcome.result.Is(MigrationResult::Of("failed")) && outcome.reason.is_other();
}

}  // namespace

void Inventory::Upsert(MigrationRow row, Micros now) {
  const bool known = migrations.Find(row.meta.key) != nullptr;
  MigrationSubject& subject = migrations.FindOrInsert(row.meta.key);
  if (known && subject.row == row) return;
  const bool replaced = known && subject.row.meta.uid != row.meta.uid;
  if (!known || replaced) {
    // A migration that ended before we looked is history, not an event.
    const Micros end = MigrationEnd(row);
    subject.counted = Outcome(row) && (count_since_ == 0 || end < count_since_);
    const auto event = migration_events_.find(row.meta.uid);
    subject.event_text = event == migration_events_.end() ? "" : event->second;
  }
  subject.row = std::move(row);
  migrations.Mark(subject.key, kRowField);
  Relink(DependentKind::kMigration, subject.key, subject.vm_ref, subject.row.vmi_name);
  SettleMigration(subject, now);
}

template <>
void Inventory::Remove<MigrationRow>(const ObjectKey& key, Micros) {
  MigrationSubject* subject = migrations.Find(key);
  if (subject == nullptr) return;
  CountMigration(*subject);
  Relink(DependentKind::kMigration, key, subject->vm_ref, "");
  migrations.Erase(key);
}

void Inventory::Upsert(MigrationEventRow row, Micros now) {
  migration_event_keys_[row.meta.key] = row.migration_uid;
  migration_events_[row.migration_uid] = row.text;
  MigrationSubject* subject = migrations.Find(ObjectKey{row.meta.key.space, row.migration});
  if (subject == nullptr || subject->row.meta.uid != row.migration_uid) return;
  if (subject->event_text == row.text) return;
  subject->event_text = std::move(row.text);
  migrations.Mark(subject->key, kRowField);
  SettleMigration(*subject, now);
}

// Events are kept for an hour; what they said of a migration holds as long as it is there.
template <>
void Inventory::Remove<MigrationEventRow>(const ObjectKey& key, Micros) {
  const auto found = migration_event_keys_.find(key);
  if (found == migration_event_keys_.end()) return;
  migration_events_.erase(found->second);
  migration_event_keys_.erase(found);
}

void Inventory::ReplaceMigrationEvents(Listing<MigrationEventRow> listing, Micros now) {
  migration_event_keys_.clear();
  migration_events_.clear();
  for (MigrationEventRow& row : listing.rows) Upsert(std::move(row), now);
}

void Inventory::SettleMigration(MigrationSubject& migration, Micros now) {
  const auto outcome = migration.outcome();
  if (!outcome || migration.counted) return;
  if (!migration_events_read_ || !MayBeExplained(*outcome)) return CountMigration(migration);
  if (migration.failed_at == 0) {
    migration.failed_at = now;
    unexplained_.push_back(migration.key);
  }
}

void Inventory::CountUnexplained(Micros now) {
  std::erase_if(unexplained_, [&](const ObjectKey& key) {
    MigrationSubject* migration = migrations.Find(key);
    if (migration == nullptr || migration->counted || migration->failed_at == 0) return true;
    if (now - migration->failed_at < kEventGrace) return false;
    CountMigration(*migration);
    return true;
  });
}

void Inventory::CountMigration(MigrationSubject& migration) {
  const auto outcome = migration.outcome();
  if (!outcome || migration.counted) return;
  migration.counted = true;
  const ObjectKey vm_key{migration.key.space, migration.row.vmi_name};
  if (VmSubject* vm = vms.Find(vm_key)) {
    ++vm->migrations[*outcome];
    vms.Mark(vm_key, vm_field::kMigrations);
  }
  ProjectSubject& project = Project(migration.key.space);
  auto& histogram =
      project.migration_duration.try_emplace(outcome->result, Histogram(kMigrationBuckets))
          .first->second;
  histogram.Observe(Seconds(MigrationStart(migration.row), MigrationEnd(migration.row)));
  projects.Mark(project.key, kRowField);
  DropForsaken(project.key);
  if (outcome->result.Is(MigrationResult::Of("failed"))) {
    const auto& state = migration.row.state;
    Info("migration failed",
         {{"namespace", std::string(migration.key.space.text())},
          {"migration", migration.key.name},
          {"vmi", migration.row.vmi_name},
          {"reason", std::string(outcome->reason.text())},
          {"text", state && !state->failure_reason.empty() ? state->failure_reason
                                                           : migration.event_text}});
  }
}

}  // namespace virtlens::exporter
