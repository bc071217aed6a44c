#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "daemon/store/journal.h"
#include "tests/unit/folder.h"

namespace candor::store {

/// A folder for a journal.
struct TemporaryFolder : Folder {
  [[nodiscard]] std::filesystem::path journal() const { return path() / "candor.db"; }
};

/// A journal that is open and recovered; throws what hinders it.
struct OpenJournal {
  std::unique_ptr<Journal> journal;
  Recovered recovered;

  Journal* operator->() const { return journal.get(); }
};
[[nodiscard]] OpenJournal open_journal(const std::filesystem::path& file);
[[nodiscard]] OpenJournal open_journal(const JournalOptions& options);
/// What opening or recovering says is wrong; empty if nothing is.
[[nodiscard]] std::string problem_of(const std::filesystem::path& file);

/// Appends and waits until it is durable.
void append(Journal& journal, Batch batch);
void append(Journal& journal, std::vector<incident::Event> events);
/// Waits until everything queued so far is written.
void settle(Journal& journal);

/// One event of each kind, of one incident from its opening to its end.
[[nodiscard]] std::vector<incident::Event> one_of_each();
/// The `number`th of a series of signal changes.
[[nodiscard]] incident::Event signal_change(std::uint64_t number, Instant at = from_ms(1'790'000'000'000));
[[nodiscard]] incident::Delivery page_for(const std::string& id, const std::string& destination = "contact:ana/1");

[[nodiscard]] incident::State folded(std::span<const incident::Event> events);

/// Runs `job` in a child process, which ends by itself, and answers what it wrote to the descriptor.
struct Child {
  int process = 0;
  int output = -1;
};
[[nodiscard]] Child start_child(const std::function<void(int output)>& job);
/// All that the child writes until it ends; reaps it.
[[nodiscard]] std::string output_of(Child child);

}  // namespace candor::store
