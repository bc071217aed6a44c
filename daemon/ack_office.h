#pragma once

#include <optional>
#include <string>

#include "base/secret.h"
#include "daemon/desk.h"
#include "daemon/page/ack.h"

namespace candor {

/// Carries out ack links on the main loop: verifies the token with our key, and turns it into a command of the contact
/// that it names. Thread: the main loop's.
class AckOffice final : public page::AckDesk {
 public:
  AckOffice(Desk& desk, Secret key) : desk_(desk), key_(std::move(key)) {}

  /// Why this link does nothing, if it does; told without the desk. Any thread.
  [[nodiscard]] std::optional<page::AckRefusal> refusal(const std::string& token) const;

  void describe(std::string token, Done done) override;
  void ack(std::string token, Done done) override;

 private:
  Desk& desk_;
  Secret key_;
};

}  // namespace candor
