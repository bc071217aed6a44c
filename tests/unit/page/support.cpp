#include "tests/unit/page/support.h"

#include <cctype>
#include <stdexcept>
#include <utility>
#include <vector>
#include <zlib.h>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace candor::page {
namespace {

/// Takes the tag at the front of `html` apart, which begins with '<'. Answers what is wrong with it.
std::string read_tag(std::string_view tag, std::vector<std::string>& open) {
  if (tag.starts_with("<!DOCTYPE")) return {};
  if (tag.starts_with("</")) {
    const std::string name{tag.substr(2, tag.size() - 3)};
    if (open.empty() || open.back() != name) return "unexpected end of " + name;
    open.pop_back();
    return {};
  }
  const std::size_t name_end = tag.find_first_of(" />", 1);
  const std::string name{tag.substr(1, name_end - 1)};
  std::string_view rest = tag.substr(name_end);
  while (!rest.starts_with(">") && !rest.starts_with("/>")) {
    const std::size_t assign = rest.find("=\"");
    if (!rest.starts_with(' ') || assign == std::string_view::npos) return "a bad attribute in " + std::string{tag};
    const std::size_t end = rest.find('"', assign + 2);
    if (end == std::string_view::npos) return "an unquoted attribute in " + std::string{tag};
    rest.remove_prefix(end + 1);
  }
  if (rest == ">") open.push_back(name);
  return {};
}

bool good_reference(std::string_view text) {
  for (const std::string_view known : {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"}) {
    if (text.starts_with(known)) return true;
  }
  return false;
}

}  // namespace

Instant minute(int minutes) { return parse_rfc3339("2026-11-23T14:00:00Z").value() + std::chrono::minutes{minutes}; }

House::House() {
  policy.components = {{.id = "checkout", .name = "Checkout", .description = "Pay for your basket", .group = "Shop"},
                       {.id = "search", .name = "Search", .group = "Shop"},
                       {.id = "api", .name = "Public API"}};
}

void House::tell(std::string incident, int at, incident::Change change, std::string actor, bool human) {
  incident::apply(state, {minute(at), {std::move(actor), human}, std::move(incident), std::move(change)});
}

void House::open(const std::string& id, int at, std::string title, Impact impact,
                 incident::ComponentStatuses components) {
  tell(id, at,
       incident::IncidentOpened{.rule = "INTERNAL-rule",
                                .title = std::move(title),
                                .impact = impact,
                                .components = std::move(components),
                                .failing_since = minute(at - 1),
                                .evidence = "INTERNAL-evidence",
                                .symptom = "errors",
                                .playbook = incident::Playbook{"https://INTERNAL-playbook.example", "2026-09-01"},
                                .escalation = "INTERNAL-escalation"});
}

void House::post(const std::string& id, int at, std::string text, std::optional<int> next_update) {
  std::optional<Instant> next;
  if (next_update) next = minute(*next_update);
  tell(id, at, incident::UpdatePosted{id + "-" + std::to_string(at), std::move(text), false, next});
}

void House::publish(const std::string& id, int at, std::string title, Impact impact,
                    incident::ComponentStatuses components) {
  open(id, at, std::move(title), impact, std::move(components));
  post(id, at, "We are looking into it.", at + 30);
}

void House::resolve(const std::string& id, int at, std::string text) {
  tell(id, at, incident::StatusChanged{Status::resolved});
  post(id, at, std::move(text));
}

void House::watch(const std::string& component) {
  policy.rules.push_back({.name = component + "-down"});
  policy.responses[component + "-down"].component = component;
}

void House::blind(const std::string& component, int at) {
  tell("", at,
       incident::VerdictChanged{component + "-down", {.finding = rules::Finding::unknown, .since = minute(at)}});
}

incident::Unseen House::unseen() const { return incident::unseen(state, policy, rules::Evaluator{policy.rules}); }

std::shared_ptr<const View> House::view(int at) {
  last = make_view(state, policy, unseen(), settings, minute(at), last);
  return last;
}

std::shared_ptr<const Site> House::site(const std::shared_ptr<const Site>& previous) {
  return render(view(), previous);
}

std::string body(const Site& site, const std::string& path) {
  const Document* document = site.find(path);
  if (document == nullptr) {
    ADD_FAILURE() << "nothing at " << path;
    return {};
  }
  return document->body();
}

boost::json::value api(const Site& site, const std::string& name) {
  return boost::json::parse(body(site, "/api/v2/" + name + ".json"));
}

std::string malformed(std::string_view html) {
  std::vector<std::string> open;
  while (!html.empty()) {
    if (!open.empty() && open.back() == "style") html.remove_prefix(std::min(html.find("</style>"), html.size()));
    if (html.front() == '&' && !good_reference(html)) return "a bare ampersand: " + std::string{html.substr(0, 40)};
    if (html.front() == '>') return "a bare >: " + std::string{html.substr(0, 40)};
    if (html.front() != '<') {
      html.remove_prefix(1);
      continue;
    }
    const std::size_t end = html.find('>');
    if (end == std::string_view::npos) return "an unfinished tag";
    if (std::string wrong = read_tag(html.substr(0, end + 1), open); !wrong.empty()) return wrong;
    html.remove_prefix(end + 1);
  }
  return open.empty() ? std::string{} : "not closed: " + open.back();
}

std::string inflate_gzip(std::string_view bytes) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) throw std::runtime_error{"zlib"};
  std::string out(4U << 20U, '\0');
  std::string in{bytes};
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  EXPECT_EQ(result, Z_STREAM_END);
  out.resize(stream.total_out);
  return out;
}

http::Request get(std::string path, std::vector<std::pair<std::string, std::string>> headers) {
  http::Request request;
  request.method = "GET";
  request.path = std::move(path);
  request.headers = std::move(headers);
  return request;
}

http::Response ask(const Page& page, const http::Request& request) {
  std::optional<http::Response> answer;
  page.handle(request, [&answer](http::Response response) { answer = std::move(response); });
  if (!answer) {
    ADD_FAILURE() << "no answer";
    return {};
  }
  return *answer;
}

std::string header(const http::Response& response, std::string_view name) {
  std::string value;
  int times = 0;
  for (const auto& [known, said] : response.headers) {
    if (known != name) continue;
    value = said;
    ++times;
  }
  EXPECT_LE(times, 1) << name;
  return value;
}

}  // namespace candor::page
