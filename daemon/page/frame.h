#pragma once

#include <string>
#include <string_view>

#include "daemon/page/markup.h"
#include "daemon/page/settings.h"
#include "daemon/page/words.h"

namespace candor::page {

/// What is around the content of a page.
struct Frame {
  const PageSettings& settings;
  std::string title;          ///< of the browser's tab; the page's name is added
  std::string description;    ///< for search engines and previews; empty: none, and the page asks not to be indexed
  std::string path;           ///< such as "/history"; empty: the page has no address of its own
  std::string footnote = {};  ///< a sentence in the footer
};

/// The whole page. `content` goes into `<main>`.
[[nodiscard]] std::string frame(const Frame& frame, const Markup& content);

/// A word for a status that the style and the icons know.
[[nodiscard]] Markup::Literal tone_class(Tone tone);
/// An icon of its own shape for each status, hidden from screen readers: words always stand beside it.
void add_icon(Markup& to, Tone tone);
/// ` href="…"` of a link between pages.
void add_href(Markup& to, const PageSettings& settings, std::string_view path);
/// One line of a `<dl class="facts">`, up to where its value goes; `</dd></div>` ends it.
Markup& begin_fact(Markup& to, Markup::Literal name);

/// The browser tab's icon, which shows how things are.
[[nodiscard]] std::string favicon(Tone tone);

}  // namespace candor::page
