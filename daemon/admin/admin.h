#pragma once

#include "daemon/admin/operations.h"
#include "daemon/http/guard.h"
#include "daemon/http/router.h"

namespace candor::admin {

/// The operators' API of the admin listener, but for the alerts' endpoints: health, readiness, reload, metrics and
/// `/api/v1`. docs/reference/api.md describes it for people, `/api/v1/openapi.json` for programs.
///
/// Who may do what is the guard's matter: reading needs `read`, writing `responder`, reloading `admin`; health and
/// readiness need nothing. A command is answered once it is on the disk. Thread: the loop's.
class Admin {
 public:
  /// Both must outlive the router that the routes are added to.
  Admin(Operations& operations, http::Guard& guard) : operations_(operations), guard_(guard) {}

  void add_routes(http::Router& router) const;

 private:
  void add_service_routes(http::Router& router) const;
  void add_questions(http::Router& router) const;
  void add_commands(http::Router& router) const;
  void add_heartbeats(http::Router& router) const;
  void add_probes(http::Router& router) const;

  Operations& operations_;
  http::Guard& guard_;
};

}  // namespace candor::admin
