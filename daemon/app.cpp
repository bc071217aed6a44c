#include "daemon/app.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <sysexits.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <prometheus/registry.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/net/http_client.h"
#include "base/net/names.h"
#include "daemon/ack_office.h"
#include "daemon/admin/admin.h"
#include "daemon/alerts/pull.h"
#include "daemon/alerts/push.h"
#include "daemon/alerts/webhook.h"
#include "daemon/config/reload.h"
#include "daemon/deliver/worker.h"
#include "daemon/desk.h"
#include "daemon/desk_views.h"
#include "daemon/event_log.h"
#include "daemon/figures.h"
#include "daemon/front.h"
#include "daemon/http/guard.h"
#include "daemon/http/router.h"
#include "daemon/incident/left.h"
#include "daemon/keys.h"
#include "daemon/operations.h"
#include "daemon/page_office.h"
#include "daemon/probe_office.h"
#include "daemon/roster.h"
#include "daemon/scrapes.h"
#include "daemon/service.h"
#include "daemon/troubles.h"
#include "probes/scheduler.h"

namespace candor {
namespace {

constexpr Duration most_for_draining = std::chrono::seconds{3};
constexpr Duration the_start_is_over = std::chrono::seconds{10};
constexpr Duration most_for_journal = std::chrono::seconds{3};
constexpr Duration most_for_history = std::chrono::seconds{3};

std::expected<void, Failure> fail(std::string message, int exit_status) {
  return std::unexpected(Failure{std::move(message), exit_status});
}

std::expected<void, Failure> fail(store::Unusable why) {
  return fail(std::move(why.message), why.may_pass ? EX_TEMPFAIL : EX_DATAERR);
}

/// Where the history of probes is: beside the journal.
std::filesystem::path history_file(const std::filesystem::path& journal) {
  return journal.parent_path() / (journal.filename() == "history.db" ? "probe-history.db" : "history.db");
}

/// Every part of the house, in the order in which they are built and need each other.
class App {
 public:
  explicit App(config::Config config) : config_(std::move(config)) {}

  std::expected<void, Failure> run();

 private:
  std::expected<void, Failure> open_journal();
  std::expected<void, Failure> open_listeners();
  void build_desk(store::Recovered recovered);
  void adopt(config::Config next);
  [[nodiscard]] deliver::WorkerSettings worker_settings() const;
  [[nodiscard]] page::PageSettings page_settings() const;
  Result<std::string> reload();
  Result<std::string> refuse_reload(const Problems& problems);
  std::string tell_of_what_is_left() const;
  void metrics(Scrapes::Done done);
  [[nodiscard]] std::vector<admin::Trouble> troubles() const;
  void stop();
  void take_down();

  config::Config config_;
  Secret ack_key_;
  net::Loop loop_;
  std::shared_ptr<prometheus::Registry> registry_ = std::make_shared<prometheus::Registry>();
  Figures figures_{*registry_};
  net::Transfers transfers_{loop_};
  net::HttpClient http_{transfers_};
  net::Names names_{loop_};
  std::unique_ptr<store::Journal> journal_;
  std::unique_ptr<Desk> desk_;
  std::unique_ptr<DeskLedger> ledger_;
  std::unique_ptr<DeskHeartbeats> heartbeats_;
  std::unique_ptr<DeskIntake> intake_;
  std::unique_ptr<AckOffice> ack_office_;
  std::unique_ptr<deliver::Worker> worker_;
  std::unique_ptr<probes::Scheduler> scheduler_;
  std::unique_ptr<ProbeOffice> probe_office_;
  std::unique_ptr<alerts::Pulls> pulls_;
  std::unique_ptr<alerts::Push> push_;
  std::unique_ptr<alerts::Webhook> webhook_;
  std::unique_ptr<Roster> roster_;
  std::unique_ptr<Scrapes> scrapes_;
  std::unique_ptr<Front> front_;
  std::unique_ptr<PageOffice> page_office_;
  std::unique_ptr<Operations> operations_;
  std::unique_ptr<http::Guard> guard_;
  std::unique_ptr<admin::Admin> admin_;
  http::Router router_;
  std::unique_ptr<http::Server> admin_server_;
  std::unique_ptr<Service> service_;
  net::Timer patience_{loop_};
  net::Timer start_is_over_{loop_};
  http::Address public_at_;  ///< where the listeners really are: systemd may have opened them elsewhere than configured
  http::Address admin_at_;
  std::vector<store::OutboxRow> recovered_;       ///< until links can be written
  Instant last_sign_{};                           ///< of the candord before
  std::vector<admin::Trouble> found_at_start_;    ///< told until candord ends
  std::optional<admin::Trouble> refused_reload_;  ///< until one is accepted
  bool stopping_ = false;
  int draining_ = 0;  ///< parts that have something under way while it stops
};

void put_back_key(const std::filesystem::path& state_dir, const Secret& key) {
  if (const Result<void> done = put_back_ack_key(state_dir, key); !done) {
    log::error("ack_key_not_put_back", {{"file", (state_dir / "ack.key").string()}},
               fmt::format("{}; with the next start the ack links in pages already sent end", done.error().message));
  }
}

std::expected<void, Failure> App::open_journal() {
  if (const Result<void> folder = prepare_state_dir(config_.state_dir); !folder) {
    return fail(folder.error().message, EX_CANTCREAT);
  }
  Result<AckKey> key = load_ack_key(config_.state_dir);
  if (!key) return fail(key.error().message, EX_CANTCREAT);
  ack_key_ = std::move(key->key);

  store::Opened<std::unique_ptr<store::Journal>> journal =
      store::Journal::open({.file = config_.journal,
                            .keep_signal_changes = config_.keep_signal_changes,
                            .put_back = [folder = config_.state_dir, key = ack_key_] { put_back_key(folder, key); },
                            .checking = [this] { service_->starting("checking the journal, whose log is damaged"); }});
  if (!journal) return fail(std::move(journal.error()));
  journal_ = *std::move(journal);
  const Stopwatch stopwatch;
  store::Opened<store::Recovered> recovered = journal_->recover();
  if (!recovered) return fail(std::move(recovered.error()));
  log::info("journal_opened",
            {{"sequence", fmt::to_string(recovered->sequence)},
             {"folded", fmt::to_string(recovered->folded)},
             {"took", fmt::format("{}ms", stopwatch.elapsed().count() / 1000)}},
            config_.journal.string());
  if (key->is_new && recovered->sequence > 0) {
    log::warning("ack_key_made_anew", {{"file", (config_.state_dir / "ack.key").string()}},
                 "it was gone, and the ack links in pages already sent have ended");
  }
  if (recovered->end_lost) found_at_start_.push_back({recovered->cut_short, wall_now()});
  build_desk(*std::move(recovered));
  return {};
}

void App::build_desk(store::Recovered recovered) {
  Desk::Effects effects{
      .event =
          [this](const incident::Event& event) {
            log_event(event);
            figures_.count(event, desk_->state());
          },
      .prepare_delivery = [this](incident::Delivery delivery) { return worker_->prepare(std::move(delivery)); },
      .withhold = [this](const std::string& delivery) { worker_->withhold(delivery); },
      .withdraw = [this](const std::string& delivery) { worker_->remove(delivery); },
      .prepare_page = [this] { return page_office_->prepare(); },
      .journal_health =
          [this](const std::string& trouble) {
            if (!trouble.empty()) {
              scheduler_->pause_telling();
              return worker_->release();  // rather twice than nobody
            }
            if (pulls_) pulls_->tell_again();
            // What was new or seen while nothing was taken in is so now.
            roster_->observe_fresh();
            scheduler_->resume_telling();
          },
      .clock_set =
          [this](Duration by) {
            if (push_) push_->clock_set(by);
            if (pulls_) pulls_->clock_set(by);
          },
      .stood_still =
          [this] {
            if (scheduler_) scheduler_->tell_again();
            if (pulls_) pulls_->stood_still();
          },
      .heard_nothing =
          [this](Instant since, Instant until) {
            if (push_) push_->heard_nothing(since, until);
            if (pulls_) pulls_->heard_nothing(until);
          },
  };
  incident::Engine engine{config_.policy, std::move(recovered.state)};
  engine.wake(recovered.last_sign, wall_now());
  desk_ = std::make_unique<Desk>(loop_, *journal_, std::move(engine), std::move(effects));
  ledger_ = std::make_unique<DeskLedger>(*desk_);
  heartbeats_ = std::make_unique<DeskHeartbeats>(*desk_);
  intake_ = std::make_unique<DeskIntake>(*desk_);
  ack_office_ = std::make_unique<AckOffice>(*desk_, ack_key_);
  worker_ = std::make_unique<deliver::Worker>(loop_, deliver::Tools{http_}, *ledger_, *registry_);
  recovered_ = std::move(recovered.outbox);
  last_sign_ = recovered.last_sign;
  scheduler_ = std::make_unique<probes::Scheduler>(
      probes::Tools{loop_, transfers_, names_, heartbeats_.get()}, config_.location, *registry_,
      [this](const rules::Observation& seen) { desk_->observe({seen}, [](const Result<void>&) {}); });
  probe_office_ = std::make_unique<ProbeOffice>(loop_, *desk_, *scheduler_, history_file(config_.journal));
  pulls_ = std::make_unique<alerts::Pulls>(loop_, http_, *intake_, *registry_);
  push_ = std::make_unique<alerts::Push>(loop_, *intake_, *registry_, config_.resolve_timeout);
  webhook_ = std::make_unique<alerts::Webhook>(*intake_, *registry_);
  roster_ = std::make_unique<Roster>(loop_, config_, *desk_, *push_);
  scrapes_ = std::make_unique<Scrapes>(loop_, *scheduler_, registry_);
}

std::expected<void, Failure> App::open_listeners() {
  front_ = std::make_unique<Front>(loop_, *ack_office_);
  const Result<http::Address> public_at = front_->start(config_.public_address, service_->take_socket("public"));
  if (!public_at) return fail(public_at.error().message, EX_UNAVAILABLE);
  public_at_ = *public_at;
  page_office_ = std::make_unique<PageOffice>(loop_, *desk_, *front_);
  page_office_->configure(page_settings());

  operations_ = std::make_unique<Operations>(
      *desk_, *worker_, *probe_office_,
      Operations::Actions{.reload = [this] { return reload(); },
                          .heartbeats = [this] { return roster_->heartbeats(); },
                          .metrics = [this](auto done) { metrics(std::move(done)); },
                          .troubles = [this] { return troubles(); },
                          .silence = [this](const std::string& source) { return pulls_->silence(source); },
                          .unseen = [this] { return page_office_->unseen(); }});
  guard_ = std::make_unique<http::Guard>(config_.tokens, wall_now);
  admin_ = std::make_unique<admin::Admin>(*operations_, *guard_);
  admin_->add_routes(router_);
  const auto responders_only = [this](http::Handler handler) {
    return guard_->require(http::Scope::responder, std::move(handler));
  };
  push_->add_routes(router_, responders_only);
  webhook_->add_routes(router_, responders_only);
  http::Limits limits;
  limits.body_bytes = std::size_t{32} << 20U;  // Alertmanager tells of a whole group at once
  limits.connections = 1000;
  limits.connections_an_address = 800;
  http::Handler handler = [this](http::Request request, http::Reply reply) {
    router_.dispatch(std::move(request), std::move(reply));
  };
  handler.takes_body = [this](const http::Request& head) { return router_.takes_body(head); };
  handler.body_refused = [this](const http::Request& head, http::BodyFault fault) {
    router_.body_refused(head, fault);
  };
  admin_server_ = std::make_unique<http::Server>(loop_, limits, std::move(handler));
  const std::optional<int> inherited = service_->take_socket("admin");
  const Result<http::Address> admin_at =
      inherited ? admin_server_->adopt(*inherited) : admin_server_->listen(config_.admin_address);
  if (!admin_at) return fail(admin_at.error().message, EX_UNAVAILABLE);
  admin_at_ = *admin_at;
  Problems problems;
  config::refuse_unguarded(config_, admin_at_, problems);
  if (!problems.empty()) return fail(problems.list().front().text(), EX_CONFIG);
  if (std::string left = service_->sockets_left(); !left.empty()) {
    return fail(
        fmt::format("systemd passed sockets that candord has no use for ({}): one public and one admin socket are "
                    "what it serves; give each unit its FileDescriptorName=",
                    left),
        EX_CONFIG);
  }
  if (config_.page.url.empty() && !config_.policy.oncall.contacts.empty() && !public_at_.loopback()) {
    log::warning("page_url_missing", {},
                 "links in pages lead to " + page_settings().url + "; set [page] url to what phones can reach");
  }
  return {};
}

std::expected<void, Failure> App::run() {
  service_ = std::make_unique<Service>(
      loop_, Service::Requests{.reload = [this] { (void)reload(); }, .stop = [this] { stop(); }});
  if (auto opened = open_journal(); !opened) return opened;
  if (auto opened = open_listeners(); !opened) return opened;
  page_office_->serve();

  desk_->begin(last_sign_, roster_->fresh());
  roster_->await_sources();  // before those are gone that they may be the successors of
  roster_->forget_what_is_gone();
  tell_of_what_is_left();
  scheduler_->configure(config_.probes, desk_->state().signals);
  pulls_->configure(config_.sources);
  worker_->configure(worker_settings());
  worker_->add(std::move(recovered_));
  desk_->show_page();
  figures_.config_loaded(true, wall_now());
  log::info("candord_ready", {{"version", CANDOR_VERSION},
                              {"page", public_at_.text()},
                              {"admin", admin_at_.text()},
                              {"probes", fmt::to_string(config_.probes.size())},
                              {"rules", fmt::to_string(config_.policy.rules.size())}});
  service_->ready(fmt::format("watching {} probes and {} sources by {} rules", config_.probes.size(),
                              config_.sources.size(), config_.policy.rules.size()));
  start_is_over_.after(the_start_is_over, return_what_the_start_needed);
  loop_.catch_up();  // systemd may have held the sockets meanwhile
  for (;;) {
    try {
      loop_.run();
      break;
    } catch (const std::exception& error) {
      // The root of every task: one of them failed, the watch goes on.
      log::error("task_failed", {}, error.what());
    }
  }
  take_down();
  return {};
}

deliver::WorkerSettings App::worker_settings() const {
  return {.channels = config_.channels, .page_url = page_settings().url, .ack_key = ack_key_};
}

page::PageSettings App::page_settings() const {
  page::PageSettings settings = config_.page;
  if (settings.url.empty()) settings.url = "http://" + public_at_.text();
  return settings;
}

Result<std::string> App::reload() {
  if (stopping_) return failure("candord is stopping");
  service_->reloading();
  Problems problems;
  std::optional<config::Config> next = config::load_next(config_, admin_at_, problems);
  if (!next) return refuse_reload(problems);
  adopt(*std::move(next));
  refused_reload_.reset();
  figures_.config_loaded(true, wall_now());
  const std::string summary = fmt::format("watching {} probes and {} sources by {} rules", config_.probes.size(),
                                          config_.sources.size(), config_.policy.rules.size());
  log::info("reloaded", {}, summary);
  service_->ready(summary);
  const std::string left = tell_of_what_is_left();
  return left.empty() ? summary : summary + "\n" + left;
}

/// Names the open incidents that a change of the configuration leaves to humans, and what they name that is gone, a
/// line each; empty where there are none.
std::string App::tell_of_what_is_left() const {
  const incident::State& state = desk_->state();
  const incident::Policy& policy = desk_->policy();
  std::vector<std::string> lines;
  if (const std::vector<std::string> left = incident::left_to_humans(state, policy); !left.empty()) {
    lines.push_back(
        fmt::format("open until somebody resolves them, since what they rest on was changed or taken out: {}",
                    fmt::join(left, ", ")));
    log::warning("incidents_left_to_humans", {}, lines.back());
  }
  for (const auto& [id, component] : incident::lost_components(state, policy)) {
    lines.push_back(fmt::format(
        "incident {} is about component \"{}\", which is no longer configured: customers do not see that it "
        "is not well; name the present one in an update",
        id, component));
    log::warning("component_lost", {{"incident", id}, {"component", component}}, lines.back());
  }
  for (const auto& [id, escalation] : incident::lost_escalations(state, policy)) {
    lines.push_back(
        fmt::format("incident {} paged along escalation \"{}\", which is no longer configured: nobody is paged further",
                    id, escalation));
    log::error("escalation_lost", {{"incident", id}, {"escalation", escalation}}, lines.back());
  }
  return fmt::format("{}", fmt::join(lines, "\n"));
}

/// Answers every mistake, a line each, and logs it as one.
Result<std::string> App::refuse_reload(const Problems& problems) {
  const Instant now = wall_now();
  figures_.config_loaded(false, now);
  std::vector<std::string> lines;
  for (const Problem& problem : problems.list()) lines.push_back(problem.text());
  refused_reload_ = refused_reload(lines, refused_reload_ ? refused_reload_->since : now);
  for (const std::string& line : lines) log::error("config_mistake", {}, line);
  log::error("reload_refused", {{"mistakes", fmt::to_string(lines.size())}}, "the running configuration stays");
  service_->ready("the latest configuration is wrong; the one before it is in force");
  return failure(fmt::format("{}", fmt::join(lines, "\n")));
}

void App::adopt(config::Config next) {
  config_ = std::move(next);
  roster_->observe_fresh();
  roster_->await_sources();
  desk_->reconfigure(config_.policy);
  worker_->configure(worker_settings());  // which sends at once what is not withheld by then
  scheduler_->configure(config_.probes);
  pulls_->configure(config_.sources);
  push_->set_resolve_timeout(config_.resolve_timeout);
  roster_->forget_what_is_gone();
  guard_->replace(config_.tokens);
  page_office_->configure(page_settings());
  desk_->show_page();
}

void App::metrics(Scrapes::Done done) {
  figures_.sample({.state = desk_->state(),
                   .journal = journal_->figures(),
                   .journal_works = desk_->trouble().empty(),
                   .journal_end_lost = !found_at_start_.empty(),
                   .history_works = !probe_office_->trouble(),
                   .log_lines_lost = log::lines_lost(),
                   .public_traffic = front_->traffic(),
                   .admin_traffic = admin_server_->traffic(),
                   .wrong_tokens = guard_->wrong_tokens().total()});
  scrapes_->scrape(std::move(done));
}

std::vector<admin::Trouble> App::troubles() const {
  std::vector<admin::Trouble> troubles = found_at_start_;
  if (refused_reload_) troubles.push_back(*refused_reload_);
  std::ranges::move(troubles_of({*scheduler_, *probe_office_, *journal_, config_.journal.string(), *pulls_, *push_,
                                 *webhook_, *worker_, guard_->wrong_tokens()},
                                wall_now()),
                    std::back_inserter(troubles));
  return troubles;
}

/// SIGTERM: no new requests and deliveries, those under way end, then the loop.
void App::stop() {
  if (stopping_) return;
  stopping_ = true;
  log::info("candord_stopping", {});
  service_->stopping();
  scheduler_->stop();
  pulls_->configure({});
  front_->drain();  // while this loop still answers the ack links under way
  patience_.after(most_for_draining, [this] { loop_.stop(); });
  const auto drained = [this] {
    if (--draining_ == 0) loop_.stop();
  };
  draining_ = 2;
  admin_server_->drain(drained);
  worker_->drain(drained);
}

void App::take_down() {
  desk_->close();
  journal_->close(most_for_journal);
  probe_office_->close(most_for_history);
  front_->stop();
  log::info("candord_stopped", {});
}

}  // namespace

std::expected<void, Failure> run_daemon(config::Config config) { return App{std::move(config)}.run(); }

}  // namespace candor
