#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/kinds/certificates.h"
#include "probes/kinds/hidden.h"
#include "probes/kinds/kinds.h"
#include "probes/kinds/replies.h"
#include "probes/kinds/stream.h"

namespace re2 {
class RE2;
}

namespace candor::probes {

/// A step of what is said over a connection.
struct DialogueStep {
  enum class What : std::uint8_t {
    expect,  ///< reads until `pattern` is found behind what was found before, or what was sent
    send,
    secure,  ///< begins TLS
  };
  What what = What::expect;
  std::shared_ptr<const re2::RE2> pattern;
  std::shared_ptr<const re2::RE2> refusal;  ///< what is certainly not the expected, so that it is waited for no longer
  /// In place of both, for what no pattern can read, such as packets that tell their length.
  Reply (*reply)(std::string_view said) = nullptr;
  std::string wanted;  ///< what is expected, in words: "\"^220 \"" or "a greeting of SMTP"
  Secret text;         ///< what is sent
};

/// A kind of probe that is a connection and what is said over it, checked.
struct DialogueConfig {
  Target target;
  Duration timeout{};  ///< of the whole run
  std::optional<Duration> degraded_above;
  std::vector<DialogueStep> steps;
  std::size_t given = 0;  ///< of these, the first that the configuration does not write: what begins TLS
  Hidden hidden;
  std::shared_ptr<const TlsClient> tls;  ///< null where no step is `secure`
  TlsWanted wanted;
  TlsVersions versions = TlsVersions::sound;
};

/// What one run showed, before it is judged.
struct DialogueSeen {
  std::optional<net::Failure> failure;
  std::size_t step = 0;   ///< that was under way; as many as there are when all were done
  std::string_view said;  ///< since the step before
  bool refused = false;   ///< it is the step's refusal
  std::string meaning;    ///< of a refusal, where its bytes are not what people read
  bool too_much = false;  ///< the target said so much without the expected that it was heard no longer
  bool in_clear = false;  ///< it said so behind its consent to TLS, where only an injector speaks
  Phases phases;
  std::string peer;  ///< "10.0.0.7:25"; empty if no address was known
  TlsSeen tls;
};

/// At most this much is read for one step.
constexpr std::size_t most_said = std::size_t{64} << 10U;

/// Pure.
[[nodiscard]] Outcome judge(const DialogueConfig& config, const DialogueSeen& seen, Instant now);

/// Connects, says the steps' lines, and closes. `config` is shared so that a MakeProbe can be copied.
[[nodiscard]] std::unique_ptr<Probe> make_dialogue_probe(std::shared_ptr<const DialogueConfig> config,
                                                         const Tools& tools);

}  // namespace candor::probes
