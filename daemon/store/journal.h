#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "daemon/incident/delivery.h"
#include "daemon/incident/event.h"
#include "daemon/incident/state.h"

namespace candor::store {

/// A disk that neither takes what is written nor refuses it for so long is in trouble too.
inline constexpr Duration longest_write = std::chrono::seconds{5};

/// A row of the outbox: a delivery and how far it has come.
struct OutboxRow {
  incident::Delivery delivery;
  std::uint32_t attempts = 0;  ///< made so far
  Instant not_before{};        ///< when the next attempt may be made
  std::string last_error;      ///< of the latest attempt
};

/// How far a delivery that has not ended has come. Ends are events (DeliveryEnded) and take the row out.
struct Attempted {
  std::string delivery;
  std::uint32_t attempts = 0;
  Instant not_before{};
  std::string error;
};

/// What one transaction holds.
struct Batch {
  std::vector<incident::Event> events;
  std::vector<incident::Delivery> deliveries;
  std::vector<Attempted> attempts;
  bool can_wait = false;  ///< for what comes next, at most JournalOptions::longest_wait
};

/// What a journal holds when it is opened.
struct Recovered {
  incident::State state;          ///< folded from the newest snapshot and the events after it
  std::vector<OutboxRow> outbox;  ///< deliveries that have not ended, in the order they were decided
  std::uint64_t sequence = 0;     ///< of the last event; 0 for an empty journal
  std::uint64_t folded = 0;       ///< events that had to be folded after the snapshot
  /// When whoever had it last was surely at work with all of this and took in what came: some ten seconds before its
  /// end, or before it began to refuse; the epoch where nobody was. Its last event is another such sign.
  Instant last_sign{};
  /// One sentence if the end of the write-ahead log was not whole, and so this is the last good commit, or if less is
  /// there than somebody had written; else empty.
  std::string cut_short;
  bool end_lost = false;  ///< and there had been later ones, or may have been
};

/// Why a journal cannot be used, in one sentence that says what to do.
struct Unusable {
  std::string message;
  /// What it holds is not to blame, as far as anyone looked: it is in use, the disk is full. A later start may do.
  bool may_pass = false;
};

template <class T>
using Opened = std::expected<T, Unusable>;

struct JournalOptions {
  std::filesystem::path file;
  Duration keep_signal_changes = std::chrono::hours{24 * 400};
  /// How long a batch that can wait is kept back, so that what is urgent does not find the disk at work for it.
  Duration longest_wait = std::chrono::milliseconds{5};
  /// How often a sign of life is left, and looked whether the files are in their place.
  Duration look_every = std::chrono::seconds{10};
  /// So many pages of its log are moved into the file in any case. Four times as many are too many: something hinders.
  int longest_log = 8'000;
  /// Called on the journal's thread where its files had been deleted or moved away and are written anew: what else was
  /// in their folder may be gone, too.
  std::function<void()> put_back = [] {};
  /// Called by recover(), on its thread, each few seconds while it checks all of a journal whose log is damaged, which
  /// may take minutes, as long as that gets on.
  std::function<void()> checking = [] {};
};

/// The append-only journal and its outbox, in SQLite. All writing happens on one thread of its own, which commits what
/// has queued up meanwhile in one transaction (WAL, synchronous=FULL): a callback with success means that the batch is
/// on the disk.
///
/// A write that fails (disk full, I/O error) is retried each second, in order, until it succeeds: nothing handed in is
/// dropped. The caller takes in nothing new meanwhile; nor where the log grows far beyond its bound because the file
/// takes no writing. Files that are deleted or moved away are written anew.
class Journal {
 public:
  /// Opens or creates. Errors that may pass: directory not writable, disk full, held by another candord; others: not a
  /// database, corrupt, written by a newer version.
  [[nodiscard]] static Opened<std::unique_ptr<Journal>> open(const JournalOptions& options);
  virtual ~Journal() = default;

  /// Once, before the first append. Errors: the journal is damaged, with where; or as open() those that may pass.
  [[nodiscard]] virtual Opened<Recovered> recover() = 0;

  /// Queues the batch; order is kept. `durable` is given it back on the journal's thread after the commit, in the order
  /// of the calls, and throws nothing. After close() nothing is taken. Any thread.
  virtual void append(Batch batch, std::move_only_function<void(Batch)> durable) = 0;

  /// Stores a snapshot of the state after all events appended so far; the next start folds only what comes later. The
  /// last two are kept, in case one is damaged. Any thread.
  virtual void snapshot(std::string encoded_state) = 0;

  /// Deletes signal changes older than JournalOptions::keep_signal_changes which every snapshot kept covers, a few
  /// thousand at a time between other writing. Any thread.
  virtual void prune(Instant now) = 0;

  /// Called on the journal's thread when writing begins to fail (with what to do about it), when it fails in another
  /// way, and when it works again (with an empty string). The journal logs them itself.
  virtual void on_health(std::move_only_function<void(const std::string& trouble)> callback) = 0;

  /// Commits everything queued and ends the thread; gives up after `patience` if the disk refuses.
  virtual void close(Duration patience) = 0;

  struct Figures {
    std::uint64_t commits = 0;
    std::uint64_t events = 0;
    std::uint64_t queued = 0;  ///< batches not yet durable
    std::uint64_t bytes = 0;   ///< of the database file and its write-ahead log
    /// Since when the log is far too long because somebody who reads the journal holds it; the epoch: it is not.
    Instant log_held_since{};
  };
  [[nodiscard]] virtual Figures figures() const = 0;
};

}  // namespace candor::store
