#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/net/loop.h"
#include "base/secret.h"
#include "base/time.h"
#include "daemon/deliver/channels/channel.h"
#include "daemon/deliver/outbox.h"
#include "daemon/incident/delivery.h"
#include "daemon/store/journal.h"

namespace prometheus {
class Registry;
}

namespace candor::deliver {

/// Where the worker's findings go: the daemon journals them. Called from the loop, never from within a call to the
/// worker; may call the worker.
class Ledger {
 public:
  virtual ~Ledger() = default;
  /// An attempt failed and will be repeated.
  virtual void attempted(store::Attempted attempted) = 0;
  virtual void ended(const std::string& delivery, incident::DeliveryEnd end, const std::string& why) = 0;
  [[nodiscard]] virtual Instant now() = 0;
};

/// What of the configuration the worker goes by.
struct WorkerSettings {
  std::map<std::string, ChannelConfig> channels;  ///< by destination, `contact:NAME/N`
  std::string page_url;                           ///< of the public page; without it there are no links
  Secret ack_key;                                 ///< signs ack links; without it there are none
};

/// How hard the worker tries.
struct WorkerLimits {
  Backoff backoff;
  Duration give_up_after = std::chrono::hours{24};
  Places places;
};

/// Carries out deliveries: sends what the Outbox says is due through the channel of its destination, and tells the
/// Ledger how it ended. Sends under way when it is destroyed end unheard, and are repeated after the restart under the
/// same idempotency key: drain() before it. Thread: the loop's.
class Worker {
 public:
  Worker(net::Loop& loop, Tools tools, Ledger& ledger, prometheus::Registry& registry, WorkerLimits limits = {});
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Before the first add(), and at a reload. What waits for a destination whose settings changed is sent at once;
  /// deliveries whose destination is no longer configured end dead.
  void configure(WorkerSettings settings);

  /// Composes the first attempt of what is decided and not yet durable. The answer is called once it is, and adds it;
  /// one that was superseded meanwhile is dropped uncalled.
  [[nodiscard]] net::Task prepare(incident::Delivery delivery);
  /// What a restart found in the outbox. It waits for some seconds at most: somebody may have mended an address
  /// meanwhile.
  void add(std::vector<store::OutboxRow> rows);
  /// It is superseded, and that is not durable yet: no attempt at it begins before release(). It may come later still.
  void withhold(const std::string& delivery);
  /// What is withheld is not superseded, as far as is known to last: it is sent as after a restart.
  void release();
  /// It was superseded. One that is not here is none.
  void remove(const std::string& delivery);

  /// No send begins any more. `done` is called once those under way have ended, from the loop.
  void drain(net::Task done);

  /// Every delivery that has not ended, and how far it has come.
  [[nodiscard]] std::vector<store::OutboxRow> rows() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace candor::deliver
