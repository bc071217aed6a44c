#include "daemon/page/site.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "daemon/page/api.h"
#include "daemon/page/frame.h"
#include "daemon/page/pages.h"
#include "daemon/page/parts.h"
#include "daemon/page/words.h"

namespace candor::page {
namespace {

constexpr std::size_t incidents_a_history_page = 50;
constexpr std::size_t newest_incidents = 50;  // as many as Statuspage's incidents.json has

struct GivenUp {};

class Rendering {
 public:
  Rendering(std::shared_ptr<const View> view, const Site* previous, const std::function<bool()>& give_up)
      : site_(std::make_shared<Site>()), previous_(previous), give_up_(give_up), api_(*view) {
    site_->view = std::move(view);
    same_settings_ = previous_ != nullptr && previous_->view->settings == site_->view->settings;
    site_->settings =
        same_settings_ ? previous_->settings : std::make_shared<const PageSettings>(site_->view->settings);
  }

  std::shared_ptr<const Site> run() {
    add_incidents();
    add_history();
    add_the_rest();
    return site_;
  }

  std::shared_ptr<const Site> run_first() {
    site_->whole = false;
    add_the_rest();
    return site_;
  }

 private:
  [[nodiscard]] const View& view() const { return *site_->view; }

  void add_the_rest() {
    add_api();
    add(Document::Kind::html, "/", home_page(view()));
    add(Document::Kind::svg, "/favicon.svg", favicon(headline(view()).tone));
    add(Document::Kind::text, "/robots.txt", "User-agent: *\nDisallow: /ack/\n");
    site_->not_found = make_document(Document::Kind::html, not_found_page(view().settings),
                                     previous_ != nullptr ? previous_->not_found : nullptr);
  }

  void look_whether_to_give_up() const {
    if (give_up_ && give_up_()) throw GivenUp{};
  }

  [[nodiscard]] std::shared_ptr<const Document> before(const std::string& path) const {
    if (previous_ == nullptr) return nullptr;
    const auto found = previous_->documents.find(path);
    return found != previous_->documents.end() ? found->second : nullptr;
  }

  /// What was rendered of the same incident as it is; null if nothing was.
  [[nodiscard]] const Site::Rendered* before(const PublicIncident& incident) const {
    if (!same_settings_) return nullptr;
    const auto found = previous_->incidents.find(incident.id);
    return found != previous_->incidents.end() && found->second.incident.get() == &incident ? &found->second : nullptr;
  }

  void add(Document::Kind kind, std::string path, std::string body) {
    look_whether_to_give_up();
    const std::shared_ptr<const Document> previous = before(path);
    site_->documents[std::move(path)] = make_document(kind, std::move(body), previous);
  }

  std::shared_ptr<const Document> page_of(const std::shared_ptr<const PublicIncident>& incident,
                                          const std::string& path) {
    if (const Site::Rendered* same = before(*incident)) return same->page;
    look_whether_to_give_up();
    auto page = std::make_shared<const Document>(
        Document::Kind::html, [settings = site_->settings, incident] { return incident_page(*settings, *incident); });
    if (const std::shared_ptr<const Document> previous = before(path)) page->prepare_for_visitors_of(*previous);
    return page;
  }

  void add_incidents() {
    site_->incidents.reserve(view().incidents());
    site_->documents.reserve(view().incidents() + 32);
    for (const View::Shown& shown : view().shown) {
      std::string path = incident_path(*shown.incident);
      std::shared_ptr<const Document> page = page_of(shown.incident, path);
      site_->documents[std::move(path)] = page;
      site_->incidents[shown.incident->id] = {.incident = shown.incident, .json = nullptr, .page = std::move(page)};
    }
  }

  void add_history() {
    std::vector<std::shared_ptr<const PublicIncident>> ended;
    for (std::size_t n = 0; n < view().incidents(); ++n) {
      if (!view().newest(n)->open()) ended.push_back(view().newest(n));
    }
    const std::size_t pages =
        std::max<std::size_t>(1, (ended.size() + incidents_a_history_page - 1) / incidents_a_history_page);
    for (std::size_t number = 1; number <= pages; ++number) {
      const std::size_t first = (number - 1) * incidents_a_history_page;
      const Incidents slice = Incidents{ended}.subspan(first, std::min(incidents_a_history_page, ended.size() - first));
      add(Document::Kind::html, history_path(number), history_page(view().settings, slice, number, pages));
    }
  }

  std::string whole_json(const PublicIncident& incident) {
    Site::Rendered& rendered = site_->incidents[incident.id];
    if (!rendered.json) {
      if (const Site::Rendered* same = before(incident)) rendered.json = same->json;
    }
    if (!rendered.json) {
      rendered.json = std::make_shared<const std::string>(incident_json(view().settings, incident));
    }
    return api_.with_components(*rendered.json, incident);
  }

  void add_api() {
    std::vector<std::string> newest;
    std::vector<std::string> unresolved;
    for (std::size_t n = 0; n < view().incidents(); ++n) {
      const PublicIncident& it = *view().newest(n);
      if (n < newest_incidents) newest.push_back(whole_json(it));
      if (it.open()) unresolved.push_back(whole_json(it));
    }
    const auto add_json = [this](std::string_view name, std::string body) {
      add(Document::Kind::json, std::string{"/api/v2/"}.append(name).append(".json"), std::move(body));
    };
    add_json("summary", api_.summary(unresolved));
    add_json("status", api_.status());
    add_json("components", api_.components());
    add_json("incidents", api_.incidents(newest));
    add_json("incidents/unresolved", api_.incidents(unresolved));
    add_json("scheduled-maintenances", api_.maintenances());
    add_json("scheduled-maintenances/upcoming", api_.maintenances());
    add_json("scheduled-maintenances/active", api_.maintenances());
  }

  std::shared_ptr<Site> site_;
  const Site* previous_;
  bool same_settings_ = false;
  const std::function<bool()>& give_up_;
  Api api_;
};

}  // namespace

const Document* Site::find(const std::string& path) const {
  const bool slash = path.size() > 1 && path.ends_with('/');
  const auto found = documents.find(slash ? path.substr(0, path.size() - 1) : path);
  return found != documents.end() ? found->second.get() : nullptr;
}

std::shared_ptr<const Site> render_first(std::shared_ptr<const View> view) {
  return Rendering{std::move(view), nullptr, {}}.run_first();
}

std::shared_ptr<const Site> render(std::shared_ptr<const View> view, const std::shared_ptr<const Site>& previous,
                                   const std::function<bool()>& give_up) {
  try {
    return Rendering{std::move(view), previous.get(), give_up}.run();
  } catch (const GivenUp&) {
    return nullptr;
  }
}

}  // namespace candor::page
