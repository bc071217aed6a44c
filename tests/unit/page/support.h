#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "daemon/http/message.h"
#include "daemon/incident/event.h"
#include "daemon/incident/policy.h"
#include "daemon/incident/state.h"
#include "daemon/page/page.h"
#include "daemon/page/site.h"
#include "daemon/page/view.h"

namespace candor::page {

/// 2026-11-23T14:00:00Z and so many minutes.
[[nodiscard]] Instant minute(int minutes);

/// A shop whose events are told one by one, as the journal would.
struct House {
  incident::State state;
  incident::Policy policy;
  PageSettings settings{
      .name = "Acme Status", .url = "https://status.acme.example", .support_url = "https://acme.example/help"};
  std::shared_ptr<const View> last;

  /// With the components checkout and search (group Shop) and api (no group).
  House();

  void tell(std::string incident, int at, incident::Change change, std::string actor = "rule:INTERNAL-rule",
            bool human = false);
  /// Opened, but not public.
  void open(const std::string& id, int at, std::string title, Impact impact, incident::ComponentStatuses components);
  void post(const std::string& id, int at, std::string body, std::optional<int> next_update = std::nullopt);
  /// Opened and told in one go.
  void publish(const std::string& id, int at, std::string title, Impact impact = Impact::major,
               incident::ComponentStatuses components = {});
  void resolve(const std::string& id, int at, std::string body = "It works again.");

  /// A rule sees to the component from now on.
  void watch(const std::string& component);
  /// That rule cannot be judged any more.
  void blind(const std::string& component, int at);
  /// What the rules cannot see.
  [[nodiscard]] incident::Unseen unseen() const;

  /// A view that follows the last one.
  [[nodiscard]] std::shared_ptr<const View> view(int at = 1'000);
  [[nodiscard]] std::shared_ptr<const Site> site(const std::shared_ptr<const Site>& previous = nullptr);
};

/// The bytes at a path; fails the test and answers nothing where there is no document.
[[nodiscard]] std::string body(const Site& site, const std::string& path);
[[nodiscard]] boost::json::value api(const Site& site, const std::string& name);

/// What is wrong with the markup: an element that is not closed, a bare ampersand, an attribute without quotes. Empty
/// when nothing is.
[[nodiscard]] std::string malformed(std::string_view html);

[[nodiscard]] std::string inflate_gzip(std::string_view bytes);

[[nodiscard]] http::Request get(std::string path, std::vector<std::pair<std::string, std::string>> headers = {});
[[nodiscard]] http::Response ask(const Page& page, const http::Request& request);
/// The value of a header that stands there once; fails the test if it stands there more often.
[[nodiscard]] std::string header(const http::Response& response, std::string_view name);

}  // namespace candor::page
