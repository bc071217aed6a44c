#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "daemon/page/document.h"
#include "daemon/page/view.h"

namespace candor::page {

/// Everything the public listener serves, rendered and compressed. Immutable; consecutive sites share the documents
/// that did not change. Any number of threads may read one.
struct Site {
  /// What was rendered of one incident, kept as long as the view shares it.
  struct Rendered {
    std::shared_ptr<const PublicIncident> incident;
    std::shared_ptr<const std::string> json;  ///< incident_json(); null where no list needs it
    std::shared_ptr<const Document> page;     ///< its body is made when it is asked for: most never are
  };

  std::shared_ptr<const View> view;
  std::shared_ptr<const PageSettings> settings;  ///< the view's, for what is rendered when it is asked for
  bool whole = true;                             ///< false: the pages of incidents and the history are still to come
  std::unordered_map<std::string, std::shared_ptr<const Document>> documents;  ///< by path
  std::shared_ptr<const Document> not_found;
  std::unordered_map<std::string, Rendered> incidents;  ///< by id

  /// Null where there is nothing. A slash at the end makes no difference.
  [[nodiscard]] const Document* find(const std::string& path) const;
};

/// Renders of the view what most visitors ask for, and what takes no longer with every incident that ever was: all but
/// the pages of incidents and the history. Any thread; a pure function.
[[nodiscard]] std::shared_ptr<const Site> render_first(std::shared_ptr<const View> view);

/// Renders the view; takes over from `previous` (null: there is none) what is the same. Any thread; a pure function.
/// `give_up` is asked before each document: once it says so, nothing is rendered, and null answered.
[[nodiscard]] std::shared_ptr<const Site> render(std::shared_ptr<const View> view,
                                                 const std::shared_ptr<const Site>& previous,
                                                 const std::function<bool()>& give_up = {});

}  // namespace candor::page
