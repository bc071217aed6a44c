#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "daemon/ctl/import_source.h"

namespace candor::ctl {

// TOML, as an import writes it.

[[nodiscard]] std::string toml_text(std::string_view text);
[[nodiscard]] std::string toml_list(const std::vector<std::string>& literals);
[[nodiscard]] std::string toml_duration(Duration duration);

/// A probe as it is being made out of a source.
struct DraftProbe {
  std::string name;   ///< as the source has it; what cannot stand in a name is replaced, and a second one numbered
  std::string kind;   ///< "http"
  std::string title;  ///< the name of a component of its own, with a rule; none where empty
  std::string group;  ///< of that component
  std::vector<std::pair<std::string, std::string>> common;    ///< keys of [[probe]] and their literals
  std::vector<std::pair<std::string, std::string>> settings;  ///< of the kind's table
  std::vector<std::pair<std::string, std::string>> labels;    ///< names and values
  std::vector<std::string> changed;                           ///< what is imported with another meaning: sentences
  std::vector<std::string> unfit;                             ///< why it stands there as comments only: sentences
  std::vector<Leftover> not_imported;
  bool variables = false;  ///< the source puts variables of the environment into texts

  [[nodiscard]] bool has(std::string_view key) const;
  /// Of several the last one counts, and is told as changed.
  void set(std::string key, std::string literal);
  /// `every` and `timeout`, within Candor's bounds.
  void set_times(std::optional<Duration> every, std::optional<Duration> timeout);
  /// How soon a failure is looked at again, if it is sooner than every other run.
  void set_retry_interval(Duration again, Duration every);
  /// The limit of a slow answer, if it can be reached before the probe's timeout.
  void set_degraded_above(Duration limit, Duration timeout);
  /// Labels that Candor takes.
  void set_label(const std::string& key, const std::string& value);
};

/// The configuration that an import writes, and all that it could not carry over.
class Draft {
 public:
  /// `made_by`: a sentence for the first line.
  explicit Draft(std::string made_by) : made_by_(std::move(made_by)) {}

  void add(DraftProbe probe);
  void add_not_imported(std::vector<Leftover> leftovers);

  /// A whole configuration with comments.
  [[nodiscard]] std::string text() const;
  /// What was not imported, or with another meaning: a line each.
  [[nodiscard]] std::vector<std::string> remarks() const;
  /// Those that are not comments only.
  [[nodiscard]] std::size_t probes() const;

 private:
  std::string made_by_;
  std::vector<DraftProbe> probes_;
  std::vector<Leftover> not_imported_;
};

}  // namespace candor::ctl
