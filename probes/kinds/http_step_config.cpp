#include <algorithm>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/net/easy.h"
#include "base/net/request_headers.h"
#include "base/text.h"
#include "probes/kinds/http.h"
#include "probes/kinds/redirects.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

/// Headers that are not written into the file are for the target alone, whatever their name.
std::set<std::string> read_sent_everywhere(const Table& table, const HttpStep& step) {
  std::set<std::string> names;
  const std::optional<Table> lines = table.table("headers");
  for (const auto& [name, value] : step.headers) {
    if (is_sent_everywhere(name) && !lines->is_table(name)) names.insert(name);
  }
  return names;
}

net::Url read_url(const Table& table) {
  const std::string hint = "such as \"https://pay.acme.example/healthz\"";
  if (!table.has("url")) {
    table.refuse("url", "url is missing", hint);
    return {};
  }
  const std::optional<Secret> text = table.secret("url");
  if (!text) return {};
  Result<net::Url> url = net::parse_url(text->reveal());
  if (!url) {
    table.refuse("url", "url " + url.error().message, hint);
    return {};
  }
  url->secret = table.is_table("url");
  return *std::move(url);
}

/// `user` and `password`, in place of those in the URL.
void read_user(const Table& table, net::Url& url) {
  const std::optional<std::string> user = table.text("user");
  const std::optional<Secret> password = table.secret("password");
  if (!user && !password) return;
  const std::string_view key = user ? "user" : "password";
  if (!url.user.empty() || !url.password.empty()) {
    table.refuse(key, "the url has a user or a password in it already",
                 "say it once: in the url, or by user and password");
  } else if (user && user->contains(':')) {
    table.refuse("user", "user holds a colon, which ends it in Basic authentication");
  } else if (!user) {
    table.refuse("password", "password has no user", "add user");
  }
  url.user = user.value_or("");
  url.password = password.value_or(Secret{}).reveal();
}

Secret read_bearer(const Table& table, const HttpStep& step) {
  Secret bearer = table.secret("bearer").value_or(Secret{});
  if (bearer.empty()) return bearer;
  const bool written = std::ranges::any_of(step.headers, [](const auto& header) {
    return header.first.size() == 13 && std::ranges::equal(header.first, std::string_view{"authorization"}, {},
                                                           [](char c) { return static_cast<char>(c | 0x20); });
  });
  if (!step.url.user.empty() || written) {
    table.refuse("bearer", "the request has another Authorization already", "one of user, bearer and the header");
  } else if (!net::is_header_value(bearer.reveal())) {
    table.refuse("bearer", "bearer holds a line break or another control character", "a token is one line");
  }
  return bearer;
}

/// All that may be secret of what the target is told.
void hide(const Table& table, HttpStep& step) {
  step.hidden.add_basic(step.url.user, step.url.password);
  step.hidden.add(step.bearer.reveal());
  step.hidden.add_query(step.url.request);
  if (step.url.secret) step.hidden.add_path_and_query(step.url.request);
  if (table.is_table("body")) step.hidden.add_words(step.body.reveal());
}

std::string read_method(const Table& table) {
  std::vector<std::pair<std::string_view, std::string_view>> choices;
  for (const std::string_view method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    choices.emplace_back(method, method);
  }
  return std::string{table.choice("method", choices).value_or("GET")};
}

StatusSet read_status(const Table& table) {
  StatusSet set;
  const std::vector<std::string> patterns = table.texts("status").value_or(std::vector<std::string>{"2xx"});
  if (patterns.empty()) table.refuse("status", "status names no status that is as expected", "such as [\"2xx\"]");
  for (const std::string& pattern : patterns) {
    if (const Result<void> added = set.add(pattern); !added) {
      table.refuse("status", "status: " + added.error().message, "such as \"2xx\", \"204\" or \"200-299\"");
    }
  }
  return set;
}

std::vector<HeaderWanted> read_header_matches(const Table& table, Settings& settings) {
  std::vector<HeaderWanted> all;
  const std::optional<Table> wanted = table.table("header_matches");
  if (!wanted) return all;
  for (const std::string& name : wanted->keys()) {
    if (!net::is_token(name)) {
      net::refuse_header_name(*wanted, name);
      continue;
    }
    std::shared_ptr<const RE2> pattern = read_pattern(*wanted, name);
    if (!pattern) continue;
    settings.add(name).add(pattern->pattern());
    all.push_back({name, std::move(pattern)});
  }
  return all;
}

void refuse_body_of_head(const Table& table, const HttpStep& step) {
  if (step.method != "HEAD") return;
  if (!step.body.empty()) table.refuse("body", "a HEAD request has no body", "leave it out, or use method = \"POST\"");
  for (const std::string_view key : {"body_matches", "json"}) {
    if (table.has(key)) table.refuse(key, "the answer to HEAD has no body to match", "use method = \"GET\"");
  }
}

}  // namespace

bool HttpStep::needs_body() const {
  const auto reads_body = [](const Capture& it) { return !std::holds_alternative<Capture::Header>(it.from); };
  return body_matches || !json.empty() || std::ranges::any_of(captures, reads_body);
}

HttpStep read_http_step(const Table& table, Settings& settings) {
  HttpStep step;
  step.url = read_url(table);
  read_user(table, step.url);
  step.method = read_method(table);
  step.headers = read_headers(
      table, {lower_case(probe_header), "connection", "content-length", "expect", "transfer-encoding", "upgrade"},
      step.hidden);
  step.sent_everywhere = read_sent_everywhere(table, step);
  step.body = table.secret("body").value_or(Secret{});
  step.bearer = read_bearer(table, step);
  step.status = read_status(table);
  step.body_matches = read_pattern(table, "body_matches");
  settings.add(step.url.request).add(step.url.user).add(step.url.password).add(step.method);
  for (const auto& [name, value] : step.headers) settings.add(name).add(value.reveal());
  settings.add("body").add(step.body.reveal()).add(step.bearer.reveal()).add(step.status.text());
  settings.add(step.body_matches ? "matches " + step.body_matches->pattern() : "any");
  step.header_matches = read_header_matches(table, settings);
  settings.add("json");
  step.json = read_json_wanted(table, settings);
  refuse_body_of_head(table, step);
  hide(table, step);
  return step;
}

}  // namespace candor::probes
