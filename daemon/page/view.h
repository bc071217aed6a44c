#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "daemon/incident/model.h"
#include "daemon/incident/policy.h"
#include "daemon/incident/state.h"
#include "daemon/incident/unseen.h"
#include "daemon/page/settings.h"

namespace candor::page {

using incident::ComponentStatus;
using incident::Impact;
using incident::Status;

// What customers may see, and nothing else: evidence, timeline, actors, rules, playbooks and names of people have no
// member here. Texts are valid UTF-8 without control characters but line breaks and tabs.

struct PublicComponent {
  std::string key;  ///< the configured id: for comparison only, not shown
  std::string id;   ///< as the API shows it: public_id("component", key)
  std::string name;
  std::string description;
  std::string group;
  ComponentStatus status = ComponentStatus::operational;
  Instant updated_at{};  ///< the latest change of a published incident that names it, or View::began
  /// Since when nobody can see whether it works, once that is long enough to say so.
  std::optional<Instant> unseen_since;

  /// Whether nobody knows how it does. What humans say of it, they know.
  [[nodiscard]] bool unseen() const { return unseen_since && status == ComponentStatus::operational; }
  friend bool operator==(const PublicComponent&, const PublicComponent&) = default;
};

/// What an update said of a component, and what was said before.
struct AffectedComponent {
  std::string id;  ///< as PublicComponent::id
  std::string name;
  ComponentStatus before = ComponentStatus::operational;
  ComponentStatus after = ComponentStatus::operational;

  friend bool operator==(const AffectedComponent&, const AffectedComponent&) = default;
};

struct PublicUpdate {
  std::string id;
  Status status = Status::investigating;
  std::string body;
  Instant at{};
  std::vector<AffectedComponent> affected;

  friend bool operator==(const PublicUpdate&, const PublicUpdate&) = default;
};

struct PublicIncident {
  std::string id;
  std::string title;
  Status status = Status::investigating;
  Impact impact = Impact::none;
  std::vector<AffectedComponent> components;  ///< all that it ever named; `after` is what it says now
  Instant published_at{};
  Instant failing_since{};
  Instant updated_at{};  ///< the latest change of what customers see
  std::optional<Instant> monitoring_at;
  std::optional<Instant> resolved_at;
  std::optional<Instant> next_update;    ///< the standing promise
  std::optional<Instant> missed_update;  ///< the promise that passed while no update could be posted
  bool led = false;                      ///< somebody leads the response; who is nobody's business here
  std::vector<PublicUpdate> updates;     ///< oldest first

  [[nodiscard]] bool open() const { return status != Status::resolved && status != Status::postmortem; }
  friend bool operator==(const PublicIncident&, const PublicIncident&) = default;
};

/// An instant's view of everything public. Immutable once made; consecutive views share the incidents that did not
/// change.
struct View {
  struct Shown {
    std::shared_ptr<const PublicIncident> incident;
    Instant touched{};       ///< with `events`, tells cheaply whether the incident is as it was
    std::size_t events = 0;  ///< of the incident, internal ones included
  };

  PageSettings settings;
  std::vector<PublicComponent> components;                         ///< in the order of the configuration
  std::vector<Shown> shown;                                        ///< every published incident, by id
  std::shared_ptr<const std::vector<std::uint32_t>> newest_first;  ///< indices into `shown`, by publication
  /// The earliest instant that the page knows of: when the journal began, or the first incident if that is earlier.
  Instant began{};
  Instant updated_at{};                 ///< the latest change of an incident, or `began`
  std::optional<Instant> unseen_since;  ///< the same as of a component, of everything that rules watch

  [[nodiscard]] std::size_t incidents() const { return shown.size(); }
  /// 0 is the newest.
  [[nodiscard]] const std::shared_ptr<const PublicIncident>& newest(std::size_t n) const {
    return shown[(*newest_first)[n]].incident;
  }
};

/// Copies what is public out of the state. Cheap enough for the main loop on every change: it looks at each published
/// incident once and copies only those that changed since `previous` (null: there is none).
[[nodiscard]] std::shared_ptr<const View> make_view(const incident::State& state, const incident::Policy& policy,
                                                    const incident::Unseen& unseen, const PageSettings& settings,
                                                    Instant now, const std::shared_ptr<const View>& previous);

/// The same view by what can be seen now.
[[nodiscard]] std::shared_ptr<const View> looked_at_again(const std::shared_ptr<const View>& view,
                                                          const incident::Unseen& unseen, Instant now);

/// The same view of a house that sees nothing any more since then.
[[nodiscard]] std::shared_ptr<const View> blinded(const View& view, Instant since);

/// The same view of a house that could not keep what it promised by `now`.
[[nodiscard]] std::shared_ptr<const View> overdue(const View& view, Instant now);

/// Whether the view promises an update by an instant that has passed.
[[nodiscard]] bool promises_the_past(const View& view, Instant now);

/// Whether the view still says truly what can be seen: time alone may change that.
[[nodiscard]] bool sees_alike(const View& view, const incident::Unseen& unseen, Instant now);

/// Whether both would be shown alike.
[[nodiscard]] bool same_content(const View& a, const View& b);

/// Twelve characters of a-z and 0-9, as Statuspage's ids are: the same for the same kind and key, always.
[[nodiscard]] std::string public_id(std::string_view kind, std::string_view key);

}  // namespace candor::page
