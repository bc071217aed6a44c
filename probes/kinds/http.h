#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/net/easy.h"
#include "base/net/names.h"
#include "base/net/url.h"
#include "probes/kinds/captures.h"
#include "probes/kinds/certificates.h"
#include "probes/kinds/hidden.h"
#include "probes/kinds/json_wanted.h"
#include "probes/kinds/kinds.h"
#include "probes/kinds/settings.h"
#include "probes/kinds/status_set.h"

namespace candor::probes {

/// A pattern that a header of the answer must hold.
struct HeaderWanted {
  std::string name;
  std::shared_ptr<const re2::RE2> matches;
};

/// One question, and what its answer must be. Variables (`{{token}}`) in the URL's path and query, in headers, body and
/// bearer are filled in with what earlier steps captured.
struct HttpStep {
  std::string name;  ///< empty where the probe is one question
  net::Url url;
  std::string method = "GET";
  std::vector<std::pair<std::string, Secret>> headers;
  std::set<std::string> sent_everywhere;  ///< names of those that redirects to other origins are given too
  Secret body;
  Secret bearer;
  Hidden hidden;  ///< of all that

  StatusSet status;
  std::shared_ptr<const re2::RE2> body_matches;  ///< searched for in what was read of the body; may be null
  std::vector<HeaderWanted> header_matches;
  std::vector<JsonWanted> json;
  std::vector<Capture> captures;

  /// Whether anything looks into the body.
  [[nodiscard]] bool needs_body() const;
};

/// How it is asked: the same for all steps.
struct HttpClient {
  int redirects = 10;      ///< followed at most; 0 judges the redirect itself
  bool keep_alive = true;  ///< asks on the connection of the last run while that is open
  bool http2 = false;      ///< and nothing else
  net::Names::Family family = net::Names::Family::any;
  std::string resolve;     ///< the address to connect to in place of those of the URL's host; may be empty
  Secret proxy;            ///< a link; may be empty
  std::string proxy_host;  ///< as written there
  bool tls_verify = true;
  CaFile ca_file;
  Secret client_certificate;  ///< PEM; may be empty
  Secret client_key;          ///< PEM
};

/// A `[probe.http]`, checked.
struct HttpConfig {
  std::vector<HttpStep> steps;  ///< one at least
  HttpClient client;
  std::size_t body_limit_bytes = std::size_t{1} << 20U;  ///< what follows in a body is not read
  std::optional<Duration> degraded_above;                ///< of all steps together
  TlsWanted certificate{.verify = false};                ///< of the server: how long it must still be valid
  Duration timeout{};                                    ///< of the whole run: steps, redirects
  Hidden hidden;                                         ///< of all steps
};

/// Who was asked, in words for the evidence.
struct HttpPlace {
  std::string peer;           ///< "10.0.0.7:443"; empty if no address was known
  std::string asked;          ///< the host of the last URL asked for, as written
  std::string asked_port;     ///< the same with its port
  std::string redirected_to;  ///< scheme and host, where it was redirected
};

/// What a server's TLS showed, in which step.
struct HttpSession {
  TlsSeen tls;
  std::size_t step = 0;
  HttpPlace place;

  /// When the first certificate of its chain ends.
  [[nodiscard]] Instant expires() const;
};

/// What one exchange showed, before it is judged.
struct HttpSeen {
  std::optional<net::Failure> failure;
  bool refused_redirect = false;  ///< which is what failed: the last one was not followed
  int status = 0;
  int version = 11;  ///< of HTTP: 10, 11, 20
  std::string_view body;
  bool body_cut = false;                            ///< there was more than the limit
  std::vector<std::optional<std::string>> headers;  ///< as HttpStep::header_matches, then the captures of headers
  Phases phases;                                    ///< of this and all steps before
  const HttpSession* session = nullptr;             ///< of all in this run, whose certificate ends first; may be null
  const Captured* captured = nullptr;               ///< by the steps before; null where there are none
  std::vector<std::string> cookies;                 ///< the values that this and earlier steps were given
  Instant now{};
  HttpPlace place;
};

/// What is wrong with an answer.
struct HttpFault {
  enum class What : std::uint8_t { no_answer, version, status, header, body, certificate, slow };
  What what = What::no_answer;
  rules::Health health = rules::Health::failing;
  std::string words;  ///< of a header or body: what differs from what is wanted
};

/// The worst that can be said of the answer to a step; nothing where all is well. Pure.
[[nodiscard]] std::optional<HttpFault> find_fault(const HttpConfig& config, std::size_t step, const HttpSeen& seen);
/// The same in sentences. Pure.
[[nodiscard]] Outcome tell(const HttpConfig& config, std::size_t step, const HttpSeen& seen, const HttpFault& fault);

/// Takes what the answer to a step gives to later ones; answers what could not be captured. Pure.
[[nodiscard]] std::optional<HttpFault> capture(const HttpStep& step, const HttpSeen& seen, Captured& captured);

/// Reads `[probe.http]`. Of `common`, the timeout counts.
[[nodiscard]] KindConfig read_http(const Table& table, const ProbeConfig& common);
/// Reads what a step has, at the top of `[probe.http]` or in `steps`, and adds all of it to `settings`.
[[nodiscard]] HttpStep read_http_step(const Table& table, Settings& settings);

/// Asks. `config` is shared so that a MakeProbe can be copied.
[[nodiscard]] std::unique_ptr<Probe> make_http_probe(std::shared_ptr<const HttpConfig> config, const Tools& tools);

}  // namespace candor::probes
