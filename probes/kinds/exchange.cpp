#include "probes/kinds/exchange.h"

#include <algorithm>
#include <charconv>
#include <ranges>
#include <utility>

#include <curl/curl.h>
#include <fmt/format.h>

#include "base/net/read_guard.h"
#include "base/text.h"
#include "probes/kinds/settings.h"
#include "probes/kinds/tls_session.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

using Stage = net::Failure::Stage;
using std::chrono::microseconds;

microseconds time(const net::Easy& easy, CURLINFO which) {
  curl_off_t value = 0;
  curl_easy_getinfo(easy.get(), which, &value);
  return microseconds{value};
}

/// Digits, and no more of them than one can count to (RFC 9110, section 8.6).
std::optional<std::int64_t> read_length(std::string_view text) {
  std::int64_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error != std::errc{} || end != text.data() + text.size() || text.starts_with('-')) return std::nullopt;
  return length;
}

/// Whether all that it says of its length is one and the same.
bool has_one_length(std::string_view content_length) {
  std::optional<std::int64_t> first;
  for (const auto part : content_length | std::views::split(',')) {
    const std::optional<std::int64_t> length = read_length(trimmed(std::string_view{part}));
    if (!length || length != first.value_or(*length)) return false;
    first = length;
  }
  return first.has_value();
}

}  // namespace

void set_target(const net::Easy& easy, const net::Url& url, Duration timeout) {
  CURL* const handle = easy.get();
  curl_easy_setopt(handle, CURLOPT_URL, url.request.c_str());
  if (!url.user.empty() || !url.password.empty()) {
    curl_easy_setopt(handle, CURLOPT_USERNAME, url.user.c_str());
    curl_easy_setopt(handle, CURLOPT_PASSWORD, url.password.c_str());
  }
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  curl_easy_setopt(handle, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
  curl_easy_setopt(handle, CURLOPT_MAXLIFETIME_CONN, 300L);  // so that a changed address of the name is noticed
}

void set_trust(net::Easy& easy, bool tls_verify, const CaFile& ca_file) {
  CURL* const handle = easy.get();
  if (!tls_verify) {
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(handle, CURLOPT_PROXY_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(handle, CURLOPT_PROXY_SSL_VERIFYHOST, 0L);
  }
  if (!ca_file.client) return;
  easy.trust_others();
  // Not the file, which may be another by now, or gone. But libcurl keeps these bytes with each connection and parses
  // them for each, which for all authorities of a system costs more than the handshake: of so many it has to read the
  // file, and keeps what it read for a pool's servers.
  constexpr std::size_t most = std::size_t{64} << 10U;
  const std::string& text = ca_file.client->authorities();
  if (text.size() <= most) {
    curl_blob blob{const_cast<char*>(text.data()), text.size(), CURL_BLOB_NOCOPY};  // it does not write there
    curl_easy_setopt(handle, CURLOPT_CAINFO_BLOB, &blob);
    curl_easy_setopt(handle, CURLOPT_PROXY_CAINFO_BLOB, &blob);
  } else {
    curl_easy_setopt(handle, CURLOPT_CAINFO, ca_file.name.c_str());
    curl_easy_setopt(handle, CURLOPT_PROXY_CAINFO, ca_file.name.c_str());
    curl_easy_setopt(handle, CURLOPT_CA_CACHE_TIMEOUT, 300L);
  }
  curl_easy_setopt(handle, CURLOPT_CAPATH, nullptr);
  curl_easy_setopt(handle, CURLOPT_PROXY_CAPATH, nullptr);
}

void Body::receive_from(const net::Easy& easy) {
  curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, &Body::take);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, this);
}

void Body::begin(bool kept) {
  kept_ = kept;
  text_.clear();
  size_ = 0;
  cut_ = false;
}

void Body::end() {
  constexpr std::size_t much = std::size_t{64} << 10U;
  if (text_.capacity() > much) std::string{}.swap(text_);
}

std::size_t Body::take(const char* data, std::size_t, std::size_t size, void* self) {
  auto& body = *static_cast<Body*>(self);
  net::ReadGuard::progress();
  // A redirect's body never comes here: libcurl drops what it follows.
  const std::size_t taken = std::min(size, body.most_ - body.size_);
  body.size_ += taken;
  if (body.kept_) body.text_.append(data, taken);
  body.cut_ = taken < size;
  return body.cut_ ? CURL_WRITEFUNC_ERROR : size;
}

Phases phases_of(const net::Easy& easy, const std::string& authority) {
  const bool named = easy.connected() && easy.peer() != authority;
  Phases phases;
  if (named) phases.name_lookup = time(easy, CURLINFO_NAMELOOKUP_TIME_T);
  phases.connect = easy.connect();
  phases.tls = easy.tls();
  phases.first_byte = easy.first_byte();
  phases.total = time(easy, CURLINFO_TOTAL_TIME_T);
  return phases;
}

std::optional<std::string> header_of(const net::Easy& easy, const std::string& name) {
  std::optional<std::string> all;
  curl_header* found = nullptr;
  for (std::size_t i = 0; curl_easy_header(easy.get(), name.c_str(), i, CURLH_HEADER, -1, &found) == CURLHE_OK; ++i) {
    all = all ? *all + ", " + found->value : found->value;
  }
  return all;
}

std::optional<net::Failure> failure_of(const net::Easy& easy, int code, const Body& body) {
  const bool came = easy.status() != 0 && easy.head_ended() && (code == CURLE_OK || body.cut());
  const std::optional<net::Failure> failed = came ? std::nullopt : std::optional{easy.failure(code)};
  if (failed && failed->stage != Stage::answer) return failed;
  const std::optional<std::string> length = header_of(easy, "Content-Length");
  if (!length || has_one_length(*length)) return failed;
  return net::Failure{Stage::answer, false, fmt::format("its Content-Length is {}", in_quotes(*length))};
}

bool LookupCause::is_wanted(const std::optional<net::Failure>& failure) {
  return failure && failure->stage == Stage::name_lookup && !failure->timed_out;
}

void LookupCause::find(const net::Failure& failure, const std::string& host, net::Names::Family family,
                       microseconds left, Done done) {
  done_ = std::move(done);
  asking_ = Stopwatch{};
  deadline_.after(left, [this, failure] { end(failure); });
  lookup_ = names_.look_up(host, family, [this, failure](net::Names::Answer found) {
    end(found ? failure : std::move(found).error());  // addresses that are found now tell of no cause
  });
}

void LookupCause::end(net::Failure failure) {
  deadline_.cancel();
  lookup_.reset();
  auto done = std::exchange(done_, nullptr);
  done(std::move(failure), asking_.elapsed());
}

std::string address_words(const Asked& asked) {
  if (asked.peer.empty()) return asked.authority;
  return asked.peer == asked.authority ? asked.peer : fmt::format("{} ({})", asked.peer, asked.host);
}

std::string how_words(const net::Failure& failure, Duration timeout, microseconds took) {
  if (failure.timed_out) return " timed out after " + words_for(timeout);
  return fmt::format(": {}{}", failure.reason, after_words(took));
}

std::string own_failure_words(const net::Failure& failure, const std::string& host, const std::string& address) {
  const std::string what =
      failure.stage == Stage::name_lookup ? "cannot look up " + host : "cannot connect to " + address;
  const std::string repair = repair_words(failure.error);
  return fmt::format("{}: {}{}", what, failure.reason, repair.empty() ? "" : ": " + repair);
}

rules::Health health_of(const net::Failure& failure) {
  return failure.ours ? rules::Health::unknown : rules::Health::failing;
}

std::string failure_words(const Asked& asked, const net::Failure& failure) {
  if (failure.ours) return own_failure_words(failure, asked.host, address_words(asked));
  const std::string limit = words_for(asked.timeout);
  const std::string how = how_words(failure, asked.timeout, asked.took);
  switch (failure.stage) {
    case Stage::name_lookup:
      return fmt::format("look up {}{}", asked.host, how);
    case Stage::connect:
      return fmt::format("connect to {}{}", address_words(asked), how);
    case Stage::tls:
      return fmt::format("TLS handshake with {}{}", address_words(asked), how);
    case Stage::certificate:
      return fmt::format("certificate of {} was refused{}", address_words(asked), how);
    case Stage::request:
      return fmt::format("{}: no answer from {}{}", asked.what, address_words(asked),
                         failure.timed_out ? " within " + limit : how);
    case Stage::answer:
      return fmt::format("{}: the answer of {} {}", asked.what, address_words(asked),
                         failure.timed_out ? "did not end within " + limit : "cannot be read" + how);
    case Stage::redirect:
      break;
  }
  return asked.what + how;
}

std::string failure_symptom(const net::Failure& failure) {
  switch (failure.stage) {
    case Stage::name_lookup:
    case Stage::connect:
    case Stage::tls:
      return "failing connections";
    case Stage::certificate:
      return "a certificate problem";
    case Stage::request:
      return "requests without an answer";
    case Stage::answer:
      return "incomplete answers";
    case Stage::redirect:
      break;
  }
  return "unexpected answers";
}

Outcome judge_lookup(const net::Failure& failure, const std::string& host, Duration timeout, const Phases& phases,
                     std::string_view symptom) {
  Outcome outcome{.health = health_of(failure)};
  outcome.evidence = failure_words({.host = host, .timeout = timeout, .took = phases.total}, failure);
  if (!failure.ours) outcome.symptom = symptom;
  return outcome;
}

}  // namespace candor::probes
