#pragma once

#include <functional>
#include <memory>

#include "base/time.h"
#include "daemon/http/auth.h"
#include "daemon/http/message.h"
#include "daemon/http/wrong_tokens.h"

namespace candor::http {

/// A handler that knows who asks.
using IdentifiedHandler = std::function<void(Request, const Identity&, Reply)>;

/// Stands before the handlers of the admin listener.
///
/// With tokens configured a request needs one: without it or with a wrong one 401, with one that allows too little 403;
/// an address that keeps sending wrong ones gets 429 until it has been quiet for a while. A right token always works,
/// so that nobody who shares an address can lock the responders out (secrets are long enough not to be guessed
/// meanwhile).
///
/// Without tokens the listener is on loopback only, and whoever reaches it is `local` with every right. Web browsers
/// reach it too, in the name of any site they show; so a request is refused (403) whose Host is not a loopback one (DNS
/// rebinding), and one that comes from another site, whatever its method and scope: to answer it is work too. Nor may a
/// probe of ours change anything (what needs more than the scope `read`) that follows redirects, for its target chooses
/// where they lead; each of its requests says so (`Candor-Probe`).
///
/// A body is taken in only of a request whose head would be let through.
///
/// A handle: copies are the same guard. Thread: the loop's.
class Guard {
 public:
  /// `now` is asked when a wrong token was sent.
  Guard(Tokens tokens, std::function<Instant()> now);

  /// From the next request on.
  void replace(Tokens tokens);

  [[nodiscard]] const WrongTokens& wrong_tokens() const;

  /// Lets through to `handler` only who has at least this scope. The result works as long as it lives. Whose
  /// body is taken in is the guard's to say; `handler` is told of those that are refused.
  [[nodiscard]] Handler require(Scope least, IdentifiedHandler handler) const;
  [[nodiscard]] Handler require(Scope least, Handler handler) const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace candor::http
