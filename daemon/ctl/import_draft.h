#pragma once

#include <map>
#include <set>
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
/// A secret that is in a file.
[[nodiscard]] std::string toml_file(std::string_view name);
[[nodiscard]] std::string toml_duration(Duration duration);

/// A probe as it is being made out of a source. What Candor would not take as the source has it, it gets as near as it
/// can be, and tells in `changed`.
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
  Duration every{};        ///< as set_times() has set it
  Duration timeout{};      ///< likewise
  bool variables = false;  ///< the source puts variables of the environment into texts

  [[nodiscard]] bool has(std::string_view key) const;
  /// Of several the last one counts, and is told as changed.
  void set(std::string key, std::string literal);
  void set_times(Duration wanted_every, Duration wanted_timeout);
  /// How soon a failure is looked at again, if it is sooner than every other run. After set_times().
  void set_retry_interval(Duration again);
  /// The limit of a slow answer, if it can be reached before the probe's timeout. After set_times().
  void set_degraded_above(Duration limit);
  /// How late the call of a heartbeat may be.
  void set_late_after(Duration wanted);
  /// `fall` or `rise`.
  void set_count(std::string key, int wanted);
  /// Labels that Candor takes, without what may be a secret in them.
  void set_label(const std::string& key, const std::string& value);

 private:
  Duration within(std::string_view key, Duration wanted, Duration least, Duration most);
};

/// The probe's own table as TOML.
[[nodiscard]] std::string toml_of(const DraftProbe& probe);

/// The configuration that an import writes, and all that it could not carry over.
class Draft {
 public:
  /// `made_by`: a sentence for the first line.
  explicit Draft(std::string made_by) : made_by_(std::move(made_by)) {}

  /// A probe that looks into bodies reads as much of them as it can. One that Candor would refuse becomes comments,
  /// with the reason.
  void add(DraftProbe probe);
  void add_not_imported(std::vector<Leftover> leftovers);

  /// A whole configuration with comments.
  [[nodiscard]] std::string text() const;
  /// What was not imported, or with another meaning: a line each.
  [[nodiscard]] std::vector<std::string> remarks() const;
  /// Those that are not comments only.
  [[nodiscard]] std::size_t probes() const;

 private:
  [[nodiscard]] std::string free_name(const std::string& wanted);
  /// Those that settings of probes are taken from.
  [[nodiscard]] std::set<std::string> variables() const;

  std::string made_by_;
  std::vector<DraftProbe> probes_;
  std::set<std::string> names_;
  std::map<std::string, int> numbers_;  ///< the last one behind a name that is there more than once
  std::vector<Leftover> not_imported_;
};

}  // namespace candor::ctl
