#include "tests/unit/store/journal_fixture.h"

#include <array>
#include <future>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace candor::store {

using namespace incident;

OpenJournal open_journal(const JournalOptions& options) {
  auto journal = Journal::open(options);
  if (!journal) throw std::runtime_error(journal.error().message);
  auto recovered = (*journal)->recover();
  if (!recovered) throw std::runtime_error(recovered.error().message);
  return {std::move(*journal), std::move(*recovered)};
}

OpenJournal open_journal(const std::filesystem::path& file) { return open_journal(JournalOptions{.file = file}); }

std::string problem_of(const std::filesystem::path& file) {
  auto journal = Journal::open({.file = file});
  if (!journal) return journal.error().message;
  auto recovered = (*journal)->recover();
  return recovered ? std::string{} : recovered.error().message;
}

void append(Journal& journal, Batch batch) {
  std::promise<void> durable;
  journal.append(std::move(batch), [&](Batch) { durable.set_value(); });
  durable.get_future().wait();
}

void append(Journal& journal, std::vector<Event> events) { append(journal, Batch{.events = std::move(events)}); }

void settle(Journal& journal) { append(journal, Batch{}); }

Event signal_change(std::uint64_t number, Instant at) {
  rules::Observation seen{
      .id = {.kind = rules::SignalKind::probe,
             .source = "probe",
             .labels = {{"probe", "p" + std::to_string(number % 50)}}},
      .health = number % 3 == 0 ? rules::Health::failing : rules::Health::ok,
      .evidence = "observation " + std::to_string(number),
      .symptom = "",
      .alert = {},
  };
  return {.at = at + Duration{static_cast<std::int64_t>(number)},
          .actor = {.name = "candor"},
          .incident = "",
          .change = SignalChanged{std::move(seen)}};
}

Delivery page_for(const std::string& id, const std::string& destination) {
  Delivery delivery;
  delivery.id = id;
  delivery.destination = destination;
  delivery.incident = "inc000000001";
  delivery.at = from_ms(1'790'000'000'000);
  delivery.message.title = "Checkout is having problems";
  delivery.message.components = {"Checkout"};
  delivery.message.playbook = Playbook{"https://runbooks.example/checkout", "2026-09-01"};
  return delivery;
}

std::vector<Event> one_of_each() {
  const Instant start = from_ms(1'790'000'000'000);
  const std::string id = "inc000000001";
  const rules::SignalId alert{rules::SignalKind::alert, "push", {{"alertname", "CheckoutErrors"}}};
  rules::Observation seen{alert, rules::Health::failing, "5 % of requests fail", "errors", rules::AlertDetails{}};
  seen.alert->starts_at = start;
  seen.alert->annotations = Labels{{"summary", "naïve \"quotes\"\n\tand a newline"}};

  std::vector<Event> events;
  const auto add = [&](const std::string& incident, Change change, bool human = false) {
    const auto offset = Duration{static_cast<std::int64_t>(events.size()) * 1000};
    events.push_back(
        {start + offset, {human ? "contact:ana" : "rule:checkout-down", human}, incident, std::move(change)});
  };
  add("", JournalBegun{0xFEDC'BA98'7654'3210});
  add("", SignalChanged{seen});
  add("", SourceChanged{"prometheus:main", false, "connect to 127.0.0.1:9090: Connection refused"});
  add("", VerdictChanged{"checkout-down", {.finding = rules::Finding::holds, .since = start, .evidence = "fails"}});
  IncidentOpened opened;
  opened.rule = "checkout-down";
  opened.title = "Checkout is having problems";
  opened.impact = Impact::critical;
  opened.components = {{"checkout", ComponentStatus::major_outage}};
  opened.failing_since = start;
  opened.escalation = "payments";
  add(id, opened);
  HoldingDrafted drafted;
  drafted.body = "We are looking into it.";
  drafted.due = start + std::chrono::minutes{1};
  add(id, drafted);
  add(id, HoldingEdited{"Checkout", "We see failures."}, true);
  add(id, UpdatePosted{"upd000000001", "We see failures.", true, start + std::chrono::minutes{15}});
  add(id, Paged{1, 1, {"ana"}, start + std::chrono::minutes{5}, ""});
  add(id, DeliveryQueued{"del000000001", Delivery::Kind::page, "contact:ana/1"});
  add(id, DeliveryEnded{"del000000001", DeliveryEnd::dead, "404 Not Found"});
  add("", ClockSet{std::chrono::minutes{-90}});
  add("", HeartbeatReceived{"backup", 2, "disk full"});
  add("", HeartbeatForgotten{"backup"});
  add("", Returned{start});
  add(id, EscalationExhausted{"nobody acked"});
  add(id, PageAcked{"link"}, true);
  add(id, LeadTaken{"ana"}, true);
  add(id, StatusChanged{Status::identified}, true);
  add(id, ImpactChanged{Impact::major}, true);
  add(id, TitleChanged{"Checkout fails"}, true);
  add(id, ComponentStatusChanged{"checkout", ComponentStatus::partial_outage}, true);
  add(id, StatusChanged{Status::resolved}, true);
  add(id, IncidentReopened{"fails again", "errors", start});
  add("inc000000002", HoldingVetoed{"a false alarm"}, true);
  add("", SignalForgotten{alert});
  add("", RuleForgotten{"checkout-down"});
  add("", SourceForgotten{"prometheus:main"});
  return events;
}

State folded(std::span<const Event> events) {
  State state;
  for (const Event& event : events) apply(state, event);
  return state;
}

Child start_child(const std::function<void(int)>& job) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) throw std::runtime_error("pipe");
  const pid_t process = fork();
  if (process < 0) throw std::runtime_error("fork");
  if (process == 0) {
    close(ends[0]);
    job(ends[1]);
    _exit(0);
  }
  close(ends[1]);
  return {process, ends[0]};
}

std::string output_of(Child child) {
  std::string text;
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t got = read(child.output, buffer.data(), buffer.size());
    if (got <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  close(child.output);
  int status = 0;
  waitpid(child.process, &status, 0);
  return text;
}

}  // namespace candor::store
