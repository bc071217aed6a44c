#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>

#include "base/time.h"
#include "daemon/http/message.h"
#include "daemon/page/settings.h"
#include "daemon/page/view.h"

namespace candor::page {

/// What an ack link is about: for the responder who holds it, not for customers.
struct AckSubject {
  std::string title;    ///< of the incident
  std::string contact;  ///< whom the link acks for
  Impact impact = Impact::none;
  Instant failing_since{};
  std::string evidence;      ///< may be empty
  std::string playbook_url;  ///< may be empty
  std::string acked_by;      ///< who leads since it was acked: a contact's or token's name; empty: nobody has acked yet
  bool published = true;     ///< customers read of it
  bool words_wait = false;   ///< the first public words are drafted, and nobody has vetoed them
  std::optional<Instant> words_due;  ///< when they become public, where that is certain
  bool open = true;
};

/// Why a link does nothing.
struct AckRefusal {
  enum class Kind : std::uint8_t {
    unknown,  ///< not a link of ours, or its incident is gone
    expired,
    earlier,      ///< its incident was over since, and is back
    not_contact,  ///< whom it acks for is no longer a contact
    unavailable,  ///< it could not be recorded now
  };
  Kind kind = Kind::unknown;
  std::string contact = {};  ///< of `not_contact`
};

/// Verifies and carries out ack links; the daemon provides one to each thread that serves the public listener. Calls
/// come from that thread, and `done` is called once on that thread, at once or later.
class AckDesk {
 public:
  using Done = std::move_only_function<void(std::expected<AckSubject, AckRefusal>)>;

  virtual ~AckDesk() = default;
  /// Changes nothing.
  virtual void describe(std::string token, Done done) = 0;
  /// Acks, once that is on the disk; where another acked before or the incident is over, answers how things are.
  virtual void ack(std::string token, Done done) = 0;
};

/// The pages behind `/ack/{token}`. GET only asks, since mail scanners and link previews follow links; the button's
/// POST acks. Nothing here is cached or indexed, and the link is told to nobody (no Referer).
class AckPages {
 public:
  /// `desk` must outlive it.
  AckPages(AckDesk& desk, PageSettings settings);

  /// Whether the request is for these pages.
  [[nodiscard]] static bool concerns(const http::Request& request);

  /// Answers any request that concerns() them. Thread: the desk's.
  void handle(const http::Request& request, http::Reply reply) const;

 private:
  AckDesk& desk_;
  PageSettings settings_;
};

}  // namespace candor::page
