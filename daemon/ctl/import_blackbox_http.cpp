// What a module of the prober http becomes.

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <re2/re2.h>

#include "daemon/ctl/import_blackbox.h"
#include "daemon/ctl/import_words.h"

namespace candor::ctl {
namespace {

void read_status(Source& http, DraftProbe& probe) {
  std::vector<std::string> statuses;
  std::vector<std::string> refused;
  for (const std::string& status : http.read_texts("valid_status_codes")) {
    const bool known = RE2::FullMatch(status, "[1-5][0-9][0-9]");
    (known ? statuses : refused).push_back(toml_text(status));
  }
  if (!refused.empty()) {
    http.drop("valid_status_codes", fmt::format("statuses are 100 to 599; left out: {}", fmt::join(refused, ", ")));
  }
  if (http.read_flag("accept_any_response").value_or(false)) statuses = {toml_text("100-599")};
  if (!statuses.empty()) probe.set("status", toml_list(statuses));
}

void read_redirects(Source& http, DraftProbe& probe) {
  const bool follow = http.read_flag("follow_redirects").value_or(true);
  const bool older = http.read_flag("no_follow_redirects").value_or(false);
  if (!follow || older) probe.set("redirects", "0");
}

void read_body(Source& http, DraftProbe& probe) {
  if (const auto body = http.read_text("body"); body && !body->empty()) set_body(probe, toml_text(*body));
  if (const auto file = http.read_text("body_file"); file && !file->empty()) set_body(probe, toml_file(*file));
  Source* const patterns = http.find("fail_if_body_not_matches_regexp");
  if (patterns == nullptr) return;
  for (Source& pattern : patterns->items()) {
    if (is_head(probe)) {
      pattern.drop("the answer to HEAD has no body to match");
    } else if (!is_pattern(pattern.text())) {
      pattern.drop("it is not a regular expression (RE2)");
    } else if (probe.has("body_matches")) {
      pattern.drop("body_matches takes one pattern; a second one needs a probe of its own");
    } else {
      pattern.read();
      set_body_matches(probe, pattern.text());
    }
  }
}

/// Each header once, and none that may be missing.
void read_header_matches(Source& http, DraftProbe& probe) {
  Source* const matchers = http.find("fail_if_header_not_matches");
  if (matchers == nullptr) return;
  std::map<std::string, std::string> patterns;
  for (Source& matcher : matchers->items()) {
    const std::string header = matcher.read_text("header").value_or("");
    const std::string pattern = matcher.read_text("regexp").value_or("");
    if (!RE2::FullMatch(header, "[!#$%&'*+.^_`|~0-9A-Za-z-]+")) {
      matcher.drop("it names no header");
    } else if (matcher.read_flag("allow_missing").value_or(false)) {
      matcher.drop("allow_missing", "a header that is missing does not match: the whole condition was left out");
    } else if (!is_pattern(pattern)) {
      matcher.drop("regexp", "it is not a regular expression (RE2)");
    } else if (!patterns.emplace(header, pattern).second) {
      matcher.drop("regexp", "header_matches takes one pattern a header; a second one needs a probe of its own");
    }
  }
  std::vector<std::string> literals;
  for (const auto& [header, pattern] : patterns) {
    literals.push_back(fmt::format("{} = {}", toml_text(header), toml_text(pattern)));
  }
  if (!literals.empty()) probe.set("header_matches", fmt::format("{{ {} }}", fmt::join(literals, ", ")));
}

void read_basic(Source& http, DraftProbe& probe) {
  Source* const basic = http.find("basic_auth");
  if (basic == nullptr) return;
  std::string password;
  if (const auto text = basic->read_text("password"); text && !text->empty()) password = toml_text(*text);
  if (const auto file = basic->read_text("password_file"); file && !file->empty()) password = toml_file(*file);
  if (basic->find("username_file") != nullptr) probe.unfit.emplace_back("user is no secret, and stands here: user = …");
  set_user(probe, basic->read_text("username").value_or(""), password);
}

/// Credentials other than Basic. One that is not a bearer token becomes a header.
void read_token(Source& http, DraftProbe& probe, std::map<std::string, std::string>& headers) {
  if (names_user(probe)) return;
  if (const auto token = http.read_text("bearer_token"); token && !token->empty())
    probe.set("bearer", toml_text(*token));
  if (const auto file = http.read_text("bearer_token_file")) probe.set("bearer", toml_file(*file));
  Source* const authorization = http.find("authorization");
  if (authorization == nullptr) return;
  const std::string type = authorization->read_text("type").value_or("Bearer");
  const bool bearer = RE2::FullMatch(type, "(?i)bearer");
  if (const auto token = authorization->read_text("credentials"); token && !token->empty()) {
    if (bearer) probe.set("bearer", toml_text(*token));
    if (!bearer) headers.emplace("Authorization", type + " " + *token);
  }
  if (const auto file = authorization->read_text("credentials_file")) {
    if (bearer) probe.set("bearer", toml_file(*file));
    if (!bearer)
      probe.unfit.emplace_back("a file would have to hold the whole of the header Authorization, not its end");
  }
}

void read_credentials(Source& http, DraftProbe& probe, std::map<std::string, std::string>& headers) {
  read_basic(http, probe);
  read_token(http, probe, headers);
  for (const std::string_view key : {"oauth2", "http_headers"}) {
    if (Source* const way = http.find(key); way != nullptr && way->is_map()) {
      probe.unfit.push_back(fmt::format("without what {} adds to the request, it would be another one", key));
    }
  }
}

/// They are of the last answer, behind all redirects.
void read_tls_demands(Source& http, const std::string& url, const DraftProbe& probe) {
  const bool secured = url.starts_with("https://");
  const bool follows = !probe.has("redirects");
  for (const auto& [key, wanted] : {std::pair{"fail_if_ssl", false}, {"fail_if_not_ssl", true}}) {
    if (!http.read_flag(key).value_or(false)) continue;
    if (secured != wanted) {
      http.drop(key, "whether TLS is spoken is said by the url");
    } else if (follows) {
      http.drop(key, "whether TLS is spoken behind redirects is not looked at; redirects = 0 follows none");
    }
  }
}

std::string host_header(Source& http) {
  Source* const headers = http.find("headers");
  if (headers == nullptr) return {};
  const auto found = std::ranges::find_if(
      headers->items(), [](const Source& header) { return RE2::FullMatch(header.key(), "(?i)host"); });
  return found == headers->items().end() ? std::string{} : found->text();
}

/// blackbox_exporter asks for the certificate of the header Host, and a probe for that of the url's host: in place of
/// an address the url is given the name, and `resolve` the address.
void read_url(Source& http, const std::string& url, DraftProbe& probe) {
  const std::string name = host_header(http);
  std::string front;
  std::string host;
  std::string rest;
  const bool secured =
      RE2::FullMatch(url, R"((?s)(https://(?:[^/?#]*@)?)(\[[^/?#]*\]|[^/?#:]*)(.*))", &front, &host, &rest);
  const bool same = name.empty() || RE2::FullMatch(host, "(?i)" + quoted_pattern(name));
  if (!secured || same) return set_url(probe, url);
  const std::string address = host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
  if (!is_address(address) || !RE2::FullMatch(name, "[A-Za-z0-9.-]+")) {
    refuse_other_name(probe, "the header Host");
    return set_url(probe, url);
  }
  set_url(probe, front + name + rest);
  probe.set("resolve", toml_text(address));
  probe.changed.emplace_back("its url has the header's host; redirects to that host go to the same address");
}

}  // namespace

void read_header_table(Source& table, DraftProbe& probe, std::map<std::string, std::string> headers) {
  Source* const lines = table.find("headers");
  if (lines != nullptr && lines->is_map()) {
    for (Source& header : lines->items()) {
      if (const auto value = lines->read_text(header.key())) headers[header.key()] = *value;
    }
  }
  set_headers(probe, headers, lines);
}

void read_blackbox_http(Source& http, const Target& target, DraftProbe& probe) {
  const std::string url = target.address.find("://") == std::string::npos ? "http://" + target.address : target.address;
  read_url(http, url, probe);
  set_method(probe, http.read_text("method").value_or("GET"));
  std::map<std::string, std::string> headers;
  read_credentials(http, probe, headers);
  read_header_table(http, probe, std::move(headers));
  read_body(http, probe);
  read_status(http, probe);
  read_header_matches(http, probe);
  read_redirects(http, probe);
  read_family(http, probe);
  if (http.read_texts("valid_http_versions") == std::vector<std::string>{"HTTP/2.0"}) {
    probe.set("http2", "true");
  } else {
    http.drop("valid_http_versions", "with http2 = true it is HTTP/2 and nothing else, without it HTTP/1.1");
  }
  if (const auto proxy = http.read_text("proxy_url"); proxy && !proxy->empty()) probe.set("proxy", toml_text(*proxy));
  read_tls_demands(http, url, probe);
  http.drop("fail_if_body_matches_regexp", "a body that must not match has no counterpart");
  read_tls(http, probe, true);
}

}  // namespace candor::ctl
