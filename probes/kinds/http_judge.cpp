#include <algorithm>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/utf8.h"
#include "probes/kinds/exchange.h"
#include "probes/kinds/http.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

using rules::Health;
using What = HttpFault::What;

std::string request_words(const HttpStep& step) {
  constexpr std::size_t most = 200;
  return fmt::format("{} {}", step.method, shorten_utf8(step.url.shown(), most));
}

std::string redirect_words(const HttpPlace& place) {
  return place.redirected_to.empty() ? "" : ", redirected to " + place.redirected_to;
}

Asked asked_of(const HttpConfig& config, const HttpStep& step, const HttpPlace& place, std::chrono::microseconds took) {
  return {request_words(step) + redirect_words(place), place.asked, place.asked_port, place.peer, config.timeout, took};
}

/// What names only the address, which after a redirect stands nowhere in the configuration.
std::string after_redirect(const Asked& asked, const HttpPlace& place, std::string words) {
  if (place.redirected_to.empty() || words.starts_with(asked.what)) return words;
  return fmt::format("{}: {}", asked.what, words);
}

std::string no_answer_words(const HttpConfig& config, const HttpStep& step, const HttpSeen& seen) {
  const Asked asked = asked_of(config, step, seen.place, seen.phases.total);
  if (seen.failure->stage != net::Failure::Stage::redirect || seen.refused_redirect) {
    net::Failure failure = *seen.failure;
    failure.reason = config.hidden.out_of(failure.reason);
    // libcurl tells nothing of what comes in place of HTTP/2 where only that is spoken.
    const bool closed = failure.stage == net::Failure::Stage::request && !failure.timed_out;
    if (closed && config.client.http2) failure.reason += "; does it speak HTTP/2?";
    return after_redirect(asked, seen.place, failure_words(asked, failure));
  }
  return fmt::format("{}: {} (HTTP {} from {} after {}, up to {} are followed)", request_words(step),
                     seen.failure->reason, seen.status, address_words(asked), words_for(seen.phases.total),
                     config.client.redirects);
}

/// "HTTP 503 from 10.0.0.7:443 after 12 ms"
std::string answer_words(const HttpSeen& seen) {
  return fmt::format("HTTP {} from {} after {}{}", seen.status, seen.place.peer, words_for(seen.phases.total),
                     redirect_words(seen.place));
}

HttpFault misfit(What what, std::string words) { return {what, Health::failing, std::move(words)}; }

/// Calls take(capture, its value or why there is none) for each capture of the step, until it answers false.
template <class Take>
void each_capture(const HttpStep& step, const HttpSeen& seen, const Take& take_one) {
  std::size_t header = step.header_matches.size();
  for (const Capture& capture : step.captures) {
    const bool from_header = std::holds_alternative<Capture::Header>(capture.from);
    const std::optional<std::string>* value = from_header ? &seen.headers.at(header++) : nullptr;
    if (!take_one(capture, take(capture, seen.body, value != nullptr && *value ? &**value : nullptr))) return;
  }
}

/// What a target sent, of a header where it is one: without what it was told, and what it told in this step and those
/// before.
std::string quoted(const HttpConfig& config, const HttpStep& step, const HttpSeen& seen, std::string_view text,
                   std::string_view header = {}) {
  constexpr std::size_t most = std::size_t{16} << 10U;  // more than any value that is captured
  text = text.substr(0, most);
  Hidden hidden;
  hidden.add_header(header, text);
  for (const std::string& cookie : seen.cookies) hidden.add(cookie);
  if (seen.captured != nullptr) {
    for (const auto& [name, value] : *seen.captured) hidden.add(value);
    each_capture(step, seen, [&hidden](const Capture&, const Result<std::string>& taken) {
      if (taken) hidden.add(*taken);
      return true;
    });
  }
  return in_quotes(config.hidden.out_of(std::string{text}, hidden));
}

std::optional<HttpFault> find_in_content(const HttpConfig& config, const HttpStep& step, const HttpSeen& seen) {
  const auto quote = [&](std::string_view text) { return quoted(config, step, seen, text); };
  for (std::size_t i = 0; i < step.header_matches.size(); ++i) {
    const auto& [name, pattern] = step.header_matches[i];
    const std::optional<std::string>& value = seen.headers.at(i);
    if (value && RE2::PartialMatch(*value, *pattern)) continue;
    if (!value) return misfit(What::header, "there is no header " + name);
    return misfit(What::header, fmt::format("header {} is {}, which does not match {}", name,
                                            quoted(config, step, seen, *value, name), in_quotes(pattern->pattern())));
  }
  if (step.body_matches &&
      !RE2::PartialMatch(re2::StringPiece{seen.body.data(), seen.body.size()}, *step.body_matches)) {
    return misfit(What::body, "body does not match " + in_quotes(step.body_matches->pattern()));
  }
  if (std::optional<std::string> words = find_misfit(step.json, seen.body, quote))
    return misfit(What::body, *std::move(words));
  return std::nullopt;
}

bool is_slow(const HttpConfig& config, const HttpSeen& seen) {
  return config.degraded_above && seen.phases.total > *config.degraded_above;
}

/// RFC 9110, section 15.5.8: the proxy wants to know who asks. It has not asked the target, which says so itself only
/// through a tunnel.
bool is_refused_by_proxy(const HttpConfig& config, const HttpStep& step, const HttpSeen& seen) {
  return seen.status == 407 && step.url.scheme == "http" && config.client.proxy.reveal().starts_with("http");
}

std::string symptom_of(const HttpFault& fault, const HttpSeen& seen) {
  switch (fault.what) {
    case What::no_answer:
      return failure_symptom(*seen.failure);
    case What::status:
      return seen.status >= 400 ? fmt::format("errors (HTTP {})", seen.status) : "unexpected answers";
    case What::certificate:
      return "a certificate problem";
    case What::slow:
      return "slow answers";
    case What::version:
    case What::header:
    case What::body:
      break;
  }
  return "unexpected answers";
}

std::string evidence_of(const HttpConfig& config, const HttpStep& step, const HttpSeen& seen, const HttpFault& fault) {
  switch (fault.what) {
    case What::no_answer:
      return no_answer_words(config, step, seen);
    case What::status:
      return fmt::format("{}: {}, expected {}", request_words(step), answer_words(seen), step.status.text());
    case What::version:
      return fmt::format("{}: {} over HTTP/1.{}, expected HTTP/2", request_words(step), answer_words(seen),
                         seen.version - 10);
    case What::slow:
      return fmt::format("{}: HTTP {} from {}, {} in {}, slower than {}",
                         request_words(step) + redirect_words(seen.place), seen.status, seen.place.peer,
                         config.steps.size() == 1 ? "answered" : "all steps answered", words_for(seen.phases.total),
                         words_for(*config.degraded_above));
    case What::certificate: {
      const auto& [tls, at, place] = *seen.session;
      const Asked asked = asked_of(config, step, place, seen.phases.total);
      return after_redirect(
          asked, place, judge_tls(config.certificate, tls, address_words(asked), seen.phases.total, seen.now).evidence);
    }
    case What::header:
      return fmt::format("{}: {} ({})", request_words(step), fault.words, answer_words(seen));
    case What::body:
      break;
  }
  return fmt::format("{}: {} ({}, {}{} bytes read)", request_words(step), fault.words, answer_words(seen),
                     seen.body_cut ? "only the first " : "", seen.body.size());
}

}  // namespace

Instant HttpSession::expires() const {
  const auto first = std::ranges::min_element(tls.chain, {}, &ChainLink::expires);
  return first != tls.chain.end() ? first->expires : Instant::max();
}

std::optional<HttpFault> find_fault(const HttpConfig& config, std::size_t at, const HttpSeen& seen) {
  const HttpStep& step = config.steps[at];
  if (seen.failure) return HttpFault{What::no_answer, health_of(*seen.failure), {}};
  if (!step.status.contains(seen.status)) {
    return HttpFault{What::status, is_refused_by_proxy(config, step, seen) ? Health::unknown : Health::failing, {}};
  }
  if (config.client.http2 && seen.version != 20) return HttpFault{What::version, Health::failing, {}};
  if (std::optional<HttpFault> fault = find_in_content(config, step, seen)) return fault;
  if (at + 1 < config.steps.size()) return std::nullopt;  // a later step may find what is worse
  const Health certificate =
      seen.session != nullptr ? judge_tls(config.certificate, seen.session->tls, {}, {}, seen.now).health : Health::ok;
  if (certificate == Health::failing) return HttpFault{What::certificate, certificate, {}};
  if (is_slow(config, seen)) return HttpFault{What::slow, Health::degraded, {}};
  if (certificate == Health::degraded) return HttpFault{What::certificate, certificate, {}};
  return std::nullopt;
}

Outcome tell(const HttpConfig& config, std::size_t at, const HttpSeen& seen, const HttpFault& fault) {
  if (fault.what == What::certificate) at = seen.session->step;
  const HttpStep& step = config.steps[at];
  Outcome outcome{.health = fault.health, .phases = seen.phases};
  outcome.evidence = evidence_of(config, step, seen, fault);
  if (!step.name.empty()) {
    outcome.evidence = fmt::format("step {} of {}, {}: {}", at + 1, config.steps.size(), step.name, outcome.evidence);
  }
  if (fault.health != Health::unknown) outcome.symptom = symptom_of(fault, seen);
  return outcome;
}

std::optional<HttpFault> capture(const HttpStep& step, const HttpSeen& seen, Captured& captured) {
  std::optional<HttpFault> fault;
  each_capture(step, seen, [&](const Capture& capture, Result<std::string> taken) {
    if (taken) {
      captured.insert_or_assign(capture.name, *std::move(taken));
    } else {
      fault = misfit(std::holds_alternative<Capture::Header>(capture.from) ? What::header : What::body,
                     fmt::format("cannot capture {}: {}", capture.name, taken.error().message));
    }
    return !fault;
  });
  return fault;
}

}  // namespace candor::probes
