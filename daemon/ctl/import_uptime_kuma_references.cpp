#include "daemon/ctl/import_uptime_kuma_references.h"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/net/url.h"

namespace candor::ctl {
namespace {

/// Without reading the member: that is left to whoever imports the monitor.
std::string text_of(Source& monitor, std::string_view key) {
  const Source* const member = monitor.find(key);
  return member != nullptr ? member->text() : "";
}

std::map<std::string, std::string> read_groups(Source& monitors) {
  std::map<std::string, std::string> names;
  for (Source& monitor : monitors.items()) {
    if (text_of(monitor, "type") != "group") continue;
    if (std::string id = text_of(monitor, "id"); !id.empty()) names[std::move(id)] = text_of(monitor, "name");
  }
  return names;
}

/// As Uptime Kuma has it (isParentActive()), who is paused pauses all that stand below.
std::set<std::string> read_paused(Source& monitors) {
  std::map<std::string, std::vector<std::string>> children;
  std::vector<std::string> found;
  for (Source& monitor : monitors.items()) {
    const std::string id = text_of(monitor, "id");
    if (const std::string parent = text_of(monitor, "parent"); !parent.empty()) children[parent].push_back(id);
    if (monitor.read_flag("active") == false) found.push_back(id);
  }
  std::set<std::string> paused;
  while (!found.empty()) {
    const std::string id = std::move(found.back());
    found.pop_back();
    // Each is looked below once, also where parents go round in a circle.
    if (!paused.insert(id).second) continue;
    for (const std::string& child : children[id]) found.push_back(child);
  }
  return paused;
}

std::map<std::string, std::string> read_proxies(Source& backup) {
  std::map<std::string, std::string> urls;
  Source* const proxies = backup.find("proxyList");
  if (proxies == nullptr) return urls;
  for (Source& proxy : proxies->items()) {
    const auto id = proxy.read_text("id");
    const std::string host = proxy.read_text("host").value_or("");
    const std::string protocol = proxy.read_text("protocol").value_or("http");
    const std::string port = proxy.read_text("port").value_or("");
    const std::string user = proxy.read_text("username").value_or("");
    const std::string password = proxy.read_text("password").value_or("");
    const bool signs_in = proxy.read_flag("auth").value_or(false);
    for (const std::string_view key : {"default", "createdDate", "userId"}) proxy.read_text(key);
    if (!id || !proxy.read_flag("active").value_or(true)) continue;
    const std::string who =
        signs_in ? fmt::format("{}:{}@", net::percent_encoded(user), net::percent_encoded(password)) : "";
    urls[*id] = fmt::format("{}://{}{}{}{}", protocol == "socks" ? "socks5" : protocol, who, host,
                            port.empty() ? "" : ":", port);
  }
  return urls;
}

}  // namespace

UptimeKumaReferences read_references(Source& backup, Source& monitors) {
  return {.groups = read_groups(monitors), .paused = read_paused(monitors), .proxies = read_proxies(backup)};
}

}  // namespace candor::ctl
