#include "probes/kinds/kinds.h"

#include <array>

#include "probes/kinds/http.h"

namespace candor::probes {
namespace {

constexpr std::array<Kind, 1> all{{
    {"http", &read_http, "url = 'https://pay.acme.example/healthz'"},
}};
constexpr std::array<std::string_view, 11> planned{"tcp",  "tls",  "dns",    "icmp",      "grpc", "websocket",
                                                   "exec", "unit", "promql", "heartbeat", "smtp"};

}  // namespace

std::span<const Kind> kinds() { return all; }

std::span<const std::string_view> planned_kinds() { return planned; }

}  // namespace candor::probes
