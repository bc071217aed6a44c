#include "daemon/alerts/push.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/alerts/listings.h"
#include "daemon/alerts/metrics.h"
#include "daemon/alerts/payloads.h"
#include "daemon/alerts/push_source.h"
#include "daemon/alerts/refusals.h"

namespace candor::alerts {
namespace {

/// The wall clock may be set while a timer runs, so no wait for it is longer than this before looking again.
constexpr Duration longest_wait = std::chrono::seconds{5};
/// Between two parts of one look at many alerts, for others on the loop.
constexpr Duration between_sweeps = std::chrono::milliseconds{1};

http::Response answer(unsigned status, std::string body) {
  http::Response response = http::Response::json(status, std::move(body));
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

http::Response answer(unsigned status, std::shared_ptr<const std::string> body) {
  http::Response response = answer(status, std::string{});
  response.body = std::move(body);
  return response;
}

http::Response refusal(unsigned status, std::string_view why) { return answer(status, json_text(why)); }

http::Response empty_answer() {
  return {.status = 200, .headers = {{"Cache-Control", "no-store"}}, .body = std::make_shared<const std::string>()};
}

}  // namespace

struct Push::Impl : std::enable_shared_from_this<Impl> {
  Intake& intake;
  Metrics metrics;
  prometheus::Counter& received;
  Instant start;
  std::shared_ptr<PushSource> pushed;
  Refusals refused{"Have it send less at once"};
  Listings listings;
  net::PatientTimer timer;

  Impl(net::Loop& loop, Intake& the_intake, prometheus::Registry& registry, Duration resolve_timeout)
      : intake(the_intake),
        metrics(registry),
        received(metrics.received.Add({{"source", "push"}})),
        start(the_intake.now()),
        pushed(std::make_shared<PushSource>(the_intake, resolve_timeout)),
        listings(loop, the_intake, pushed->book()),
        timer(loop) {}

  void take(const http::Request& request, http::Reply reply) {
    const Instant now = intake.now();
    Result<PushedAlerts> read = parse_push(request.body, now);
    if (!read) {
      metrics.invalid.Increment();
      refused.unreadable(request, read.error().message, now);
      reply(refusal(400, read.error().message));
      return;
    }
    received.Increment(static_cast<double>(read->alerts.size()));
    metrics.invalid.Increment(static_cast<double>(read->unread));
    std::string errors = join_errors(read->errors, read->unread);
    if (!errors.empty()) refused.unread(request, errors, now);

    pushed->take(std::move(read->alerts),
                 [reply = std::move(reply), errors = std::move(errors)](const Result<void>& taken) mutable {
                   if (!taken) {
                     reply(refusal(503, fmt::format("no alerts are taken in now: {}", taken.error().message)));
                   } else if (!errors.empty()) {
                     reply(refusal(400, errors));
                   } else {
                     reply(empty_answer());
                   }
                 });
    wait_for_due();
  }

  void wait_for_due() {
    const std::optional<Instant> due = pushed->due();
    if (!due) {
      timer.cancel();
      return;
    }
    timer.after(std::clamp(*due - intake.now(), between_sweeps, longest_wait), [this] {
      pushed->sweep();
      wait_for_due();
    });
  }

  void list(const http::Request& request, Listing::Form form, http::Reply reply) {
    Result<ListQuery> query = read_list_query(request);
    if (!query) {
      reply(refusal(400, query.error().message));
      return;
    }
    auto later = std::make_shared<http::Reply>(std::move(reply));
    const bool taken = listings.ask({*std::move(query), form}, [later](const Result<Listings::Text>& listed) {
      (*later)(listed ? answer(200, *listed) : refusal(400, listed.error().message));
    });
    if (!taken) (*later)(refusal(503, "too many listings of alerts are under way; ask again in a moment"));
  }

  [[nodiscard]] std::string status() const {
    return fmt::format(
        R"({{"cluster":{{"status":"disabled"}},"versionInfo":{{"version":"{}","revision":"","branch":"","buildUser":"",)"
        R"("buildDate":"","goVersion":""}},"config":{{"original":{}}},"uptime":"{}"}})",
        CANDOR_VERSION,
        json_text("# This is candord, which takes alerts in as an Alertmanager does.\n"
                  "# What follows from them stands in its own configuration, as [[rule]].\n"
                  "route:\n  receiver: candor\nreceivers:\n  - name: candor\n"),
        format_rfc3339(start));
  }
};

Push::Push(net::Loop& loop, Intake& intake, prometheus::Registry& registry, Duration resolve_timeout)
    : impl_(std::make_shared<Impl>(loop, intake, registry, resolve_timeout)) {
  impl_->wait_for_due();
}

Push::~Push() = default;

void Push::clock_set(Duration by) {
  impl_->pushed->clock_set(by);
  impl_->wait_for_due();
}

void Push::heard_nothing(Instant since, Instant until) { impl_->pushed->heard_nothing(since, until); }

void Push::forget(const std::string& sender) { impl_->pushed->forget(sender); }

std::vector<Trouble> Push::troubles() const {
  std::vector<Trouble> troubles = impl_->pushed->troubles();
  std::ranges::move(impl_->refused.troubles(impl_->intake.now()), std::back_inserter(troubles));
  return troubles;
}

void Push::set_resolve_timeout(Duration timeout) { impl_->pushed->set_resolve_timeout(timeout); }

void Push::add_routes(http::Router& router, const Guard& guard) {
  const auto handler = [this](void (*handle)(Impl&, http::Request, http::Reply)) -> http::Handler {
    return [weak = std::weak_ptr{impl_}, handle](http::Request request, http::Reply reply) {
      if (const std::shared_ptr<Impl> impl = weak.lock()) handle(*impl, std::move(request), std::move(reply));
    };
  };
  http::Handler take =
      handler([](Impl& push, http::Request request, http::Reply reply) { push.take(request, std::move(reply)); });
  take.body_refused = [weak = std::weak_ptr{impl_}](const http::Request& head, http::BodyFault fault) {
    if (const std::shared_ptr<Impl> impl = weak.lock()) impl->refused.body(head, fault, impl->intake.now());
  };
  router.on("POST", "/alertmanager/api/v2/alerts", guard(std::move(take)));

  const auto on = [&](std::string method, std::string path, void (*handle)(Impl&, http::Request, http::Reply)) {
    router.on(std::move(method), "/alertmanager" + std::move(path), guard(handler(handle)));
  };
  on("GET", "/api/v2/alerts", [](Impl& push, http::Request request, http::Reply reply) {
    push.list(request, Listing::Form::alerts, std::move(reply));
  });
  on("GET", "/api/v2/alerts/groups", [](Impl& push, http::Request request, http::Reply reply) {
    push.list(request, Listing::Form::groups, std::move(reply));
  });
  on("GET", "/api/v2/status", [](Impl& push, http::Request, http::Reply reply) { reply(answer(200, push.status())); });
  on("GET", "/api/v2/receivers",
     [](Impl&, http::Request, http::Reply reply) { reply(answer(200, R"([{"name":"candor"}])")); });
  on("GET", "/api/v2/silences", [](Impl&, http::Request, http::Reply reply) { reply(answer(200, "[]")); });
  on("POST", "/api/v2/silences", [](Impl&, http::Request, http::Reply reply) {
    // 400 and not 501: the one status whose text Alertmanager's clients show.
    reply(refusal(400, "candord keeps no silences; silence the alert in your Alertmanager, or end its incident"));
  });
  for (const char* path : {"/alertmanager/-/healthy", "/alertmanager/-/ready"}) {
    router.on("GET", path, [](http::Request, http::Reply reply) { reply(http::Response::text(200, "OK")); });
  }
}

}  // namespace candor::alerts
