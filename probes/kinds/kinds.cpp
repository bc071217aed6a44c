#include "probes/kinds/kinds.h"

#include <array>

#include "probes/kinds/dialogue_config.h"
#include "probes/kinds/dns.h"
#include "probes/kinds/exec.h"
#include "probes/kinds/grpc.h"
#include "probes/kinds/heartbeat.h"
#include "probes/kinds/http.h"
#include "probes/kinds/icmp.h"
#include "probes/kinds/ntp.h"
#include "probes/kinds/presets.h"
#include "probes/kinds/promql.h"
#include "probes/kinds/unit.h"
#include "probes/kinds/websocket.h"

namespace candor::probes {
namespace {

constexpr auto all = std::to_array<Kind>({
    {"http", &read_http, R"(url = 'https://pay.acme.example/healthz'
json = [{ path = '$.status', equals = 'ok' }]
[[probe]]
name = "flow"
[[probe.http.steps]]
name = 'login'
url = 'https://pay.acme.example/login'
json = [{ path = '$.token', exists = true }]
capture = [{ name = 'token', json = '$.token' }])"},
    {"dns", &read_dns, "name = 'pay.acme.example'"},
    {"exec", &read_exec, "command = ['/usr/lib/nagios/plugins/check_disk', '-w', '10%']"},
    {"grpc", &read_grpc, "address = '10.0.0.7:50051'"},
    {"heartbeat", &read_heartbeat, "late_after = '26h'"},
    {"icmp", &read_icmp, "host = '10.0.0.7'"},
    {"ntp", &read_ntp, "address = 'time.acme.example'"},
    {"promql", &read_promql, "url = 'http://127.0.0.1:9090'\nquery = 'up'\nfailing_below = 1"},
    {"tcp", &read_tcp, "address = '10.0.0.7:25'\ndialogue = [{ expect = '^220 ' }, { send = 'QUIT' }]"},
    {"tls", &read_tls, "address = '10.0.0.7:443'"},
    {"unit", &read_unit, "name = 'postgresql.service'"},
    {"websocket", &read_websocket, "url = 'wss://chat.acme.example/socket'"},
    {"smtp", &read_preset, "address = 'mail.acme.example'"},
    {"imap", &read_preset, "address = 'mail.acme.example'"},
    {"ssh", &read_preset, "address = 'mail.acme.example'"},
    {"redis", &read_preset, "address = '10.0.0.7'"},
    {"mysql", &read_preset, "address = '10.0.0.7'"},
    {"postgres", &read_preset, "address = '10.0.0.7'"},
    {"mqtt", &read_preset, "address = '10.0.0.7'"},
});

}  // namespace

std::span<const Kind> kinds() { return all; }

}  // namespace candor::probes
