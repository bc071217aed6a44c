// What a gRPC server, or whatever stands where it should be, answers to a health check: the first byte chooses between
// its message and its words.
#include <string>

#include "probes/kinds/grpc.h"
#include "probes/kinds/grpc_message.h"
#include "tests/fuzz/check.h"

namespace candor::probes {
namespace {

using fuzz::require;

void check_message(std::string_view body) {
  const Result<Serving> serving = read_health_answer(body);
  if (!serving) return require(serving.error().message.size() < 100, "an error is bounded");
  require(static_cast<int>(*serving) <= 3, "a status is one of the protocol's");
  require(body.size() >= 5 && body.front() == '\0', "a message has its prefix");
  const std::string longer = std::string{body} + "\x08";
  require(!read_health_answer(longer), "nothing stands behind a message");
}

void check_words(std::string_view text) {
  const std::string message = decode_grpc_message(text);
  require(message.size() <= 303 && fuzz::is_utf8(message), "a message is bounded and UTF-8");
  const std::string status = grpc_status_words(text);
  require(!status.empty() && status.size() <= 100 && fuzz::is_harmless(status), "a status is short and harmless");
}

void check_outcome(std::string_view text, bool is_body) {
  GrpcConfig config;
  config.target = {"cart.internal", 50051};
  GrpcSeen seen{.status = 200, .grpc_status = "0", .peer = "10.0.0.7:50051"};
  if (is_body) {
    seen.body = text;
  } else {
    seen.grpc_status = std::string{text.substr(0, text.find('\n'))};
    seen.grpc_message = text;
  }
  const Outcome outcome = judge(config, seen);
  require(outcome.evidence.empty() == (outcome.health == rules::Health::ok), "what is not ok is explained");
  require(outcome.evidence.size() <= 800 && fuzz::is_harmless(outcome.evidence), "evidence is bounded and harmless");
}

}  // namespace
}  // namespace candor::probes

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = candor::fuzz::text_of(data, size);
  if (text.empty()) return 0;
  const bool is_body = text.front() == 'm';
  text.remove_prefix(1);
  if (is_body) {
    candor::probes::check_message(text);
  } else {
    candor::probes::check_words(text);
  }
  candor::probes::check_outcome(text, is_body);
  return 0;
}
