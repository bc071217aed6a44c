#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/ctl/import_draft.h"

namespace candor::ctl {

/// "[STATUS] == 200" taken apart.
struct GatusCondition {
  std::string left;
  std::string sign;
  std::string right;
};

/// The conditions of one endpoint, which together become a probe's settings.
class GatusConditions {
 public:
  /// `sent` is what a TCP endpoint is sent first; may be empty. The probe has its times and its url already.
  GatusConditions(DraftProbe& probe, const std::string& sent);

  /// Why it has no counterpart; empty where it has one.
  [[nodiscard]] std::string add(const std::string& text);
  /// Sets what all of them together say.
  void end();

 private:
  std::string add_connected(const GatusCondition& condition);
  std::string add_code(const GatusCondition& condition);
  std::string add_status(const GatusCondition& condition);
  std::string add_time(const GatusCondition& condition);
  std::string add_body(const GatusCondition& condition);
  std::string add_record(std::string text);
  std::string add_field(const std::string& path, const GatusCondition& condition);
  std::string add_presence(const std::string& path, const GatusCondition& condition);
  std::string add_certificate(const GatusCondition& condition);
  void tell_usual_limits();
  void tell_usual_answer();
  void expect_message();
  [[nodiscard]] std::vector<std::string> status_ranges() const;
  [[nodiscard]] bool is(std::string_view kind) const { return probe_.kind == kind; }

  DraftProbe& probe_;
  std::bitset<600> statuses_;
  std::vector<std::string> fields_;
  std::vector<std::string> dialogue_;
  std::optional<Duration> least_valid_;  ///< of certificates
  bool body_ = false;
};

}  // namespace candor::ctl
