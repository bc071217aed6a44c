#include "daemon/ctl/import_uptime_kuma_services.h"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/net/url.h"
#include "daemon/ctl/import_words.h"

namespace candor::ctl {
namespace {

/// "redis://ana:secret@cache.example:6379/0?x=y" taken apart.
struct Connection {
  std::string scheme;
  std::string user;
  std::string password;
  std::string database;
  std::map<std::string, std::string> options;

  /// Empty where it is not there; what is taken is not left.
  std::string take(const std::string& option) {
    auto found = options.extract(option);
    return found ? std::move(found.mapped()) : "";
  }
};

std::map<std::string, std::string> options_of(const std::string& query) {
  std::map<std::string, std::string> options;
  re2::StringPiece rest{query};
  std::string key;
  std::string value;
  while (RE2::Consume(&rest, "&*([^&=]+)=?([^&]*)", &key, &value)) {
    options[net::percent_decoded(key)] = net::percent_decoded(value);
  }
  return options;
}

/// Sets `address`. Nothing where there is no URL of such a scheme: the probe is unfit.
std::optional<Connection> read_connection(Source& monitor, const std::string& schemes, DraftProbe& probe) {
  Connection it;
  std::string who;
  std::string address;
  std::string query;
  // Who asks ends with the last @, and nothing behind it has one.
  const std::string form =
      "(" + schemes + R"()://(?:([^/?#]*)@)?((?:\[[^\]@]*\]|[^\s:/?#@\[\]]+)(?::\d+)?)(?:/([^?#@]*))?(?:\?([^#@]*))?)";
  if (!RE2::FullMatch(monitor.read_text("databaseConnectionString").value_or(""), form, &it.scheme, &who, &address,
                      &it.database, &query)) {
    probe.unfit.emplace_back("its connection string cannot be taken apart");
    return std::nullopt;
  }
  it.options = options_of(query);
  if (const std::string other = it.take("host"); !other.empty()) {
    probe.unfit.emplace_back("its connection string names another host among its options");
  }
  probe.set("address", toml_text(address));
  const std::size_t colon = std::min(who.find(':'), who.size());
  it.user = net::percent_decoded(who.substr(0, colon));
  it.password = net::percent_decoded(who.substr(std::min(colon + 1, who.size())));
  return it;
}

/// Options are named, their values may be secrets.
void tell_rest(const Connection& it, DraftProbe& probe) {
  for (const auto& [name, value] : it.options) {
    probe.changed.push_back(fmt::format("of its connection string, {} was left out", toml_text(name)));
  }
}

void set_login(const std::string& user, const std::string& password, DraftProbe& probe) {
  if (!user.empty()) probe.set("user", toml_text(user));
  if (!password.empty()) probe.set("password", toml_text(password));
}

/// Of the host and the monitor's port.
std::string address_of(std::string host, Source& monitor) {
  if (is_address(host) && host.find(':') != std::string::npos) host = "[" + host + "]";
  return host + ":" + monitor.read_text("port").value_or("");
}

void drop_if_said(Source& monitor, std::string_view key, const char* why) {
  if (!monitor.read_text(key).value_or("").empty()) monitor.drop(key, why);
}

/// As pg-connection-string has it: whoever wants TLS wants a certificate that is good, but for no-verify.
void read_postgres_tls(Connection& it, DraftProbe& probe) {
  const std::string ssl = it.take("ssl");
  const std::string mode = it.take("sslmode");
  const bool told = ssl == "true" || ssl == "1" || !mode.empty() || it.options.contains("sslrootcert");
  if (!it.take("sslcert").empty() || !it.take("sslkey").empty()) {
    probe.unfit.emplace_back("client certificates are shown by http probes only");
  }
  if (!told || mode == "disable") return;
  probe.set("starttls", "true");
  if (mode == "no-verify") return probe.set("tls_verify", "false");
  if (const std::string file = it.take("sslrootcert"); !file.empty()) probe.set("ca_file", toml_text(file));
}

}  // namespace

void read_port(Source& monitor, const UptimeKumaReferences& /*references*/, DraftProbe& probe) {
  probe.set("address", toml_text(address_of(monitor.read_text("hostname").value_or(""), monitor)));
}

void read_mqtt(Source& monitor, const UptimeKumaReferences& /*references*/, DraftProbe& probe) {
  std::string scheme;
  std::string host;
  RE2::FullMatch(monitor.read_text("hostname").value_or(""), "(?:([a-z]+)://)?(.*)", &scheme, &host);
  probe.set("address", toml_text(address_of(host, monitor)));
  if (scheme == "mqtts") probe.set("tls", "true");
  if (scheme != "mqtts" && scheme != "mqtt" && !scheme.empty()) {
    probe.unfit.emplace_back("only the schemes mqtt and mqtts have a counterpart");
  }
  set_login(monitor.read_text("mqttUsername").value_or(""), monitor.read_text("mqttPassword").value_or(""), probe);
  for (const std::string_view key : {"mqttTopic", "mqttSuccessMessage"}) {
    drop_if_said(monitor, key, "an mqtt probe waits for no message: it is ok once the broker takes it");
  }
}

void read_redis(Source& monitor, const UptimeKumaReferences& /*references*/, DraftProbe& probe) {
  const std::optional<Connection> it = read_connection(monitor, "rediss?", probe);
  if (!it) return;
  set_login(it->user, it->password, probe);
  if (it->scheme == "rediss") {
    probe.set("tls", "true");
    if (monitor.read_flag("ignoreTls").value_or(false)) probe.set("tls_verify", "false");
  }
  if (!it->database.empty() && it->database != "0") {
    probe.changed.emplace_back("its database was left out: PING asks none");
  }
  tell_rest(*it, probe);
}

/// A session is begun until the server asks for a password, and with the database that has the user's name.
void read_postgres(Source& monitor, const UptimeKumaReferences& /*references*/, DraftProbe& probe) {
  drop_if_said(monitor, "databaseQuery", "a postgres probe asks no query");
  std::optional<Connection> it = read_connection(monitor, "postgres(?:ql)?", probe);
  if (!it) return;
  const bool own = it->database.empty() || it->database == it->user;
  if (!own) probe.changed.emplace_back("its database was left out: a session begins with that of the user's name");
  if (own || !it->password.empty()) {
    set_login(it->user, "", probe);
  } else if (!it->user.empty()) {
    probe.changed.emplace_back("its user was left out, who may have no database of his name");
  }
  if (!it->password.empty()) {
    probe.changed.emplace_back("its password was left out: the probe is ok once the server asks for it");
  }
  read_postgres_tls(*it, probe);
  tell_rest(*it, probe);
}

void read_mysql(Source& monitor, const UptimeKumaReferences& /*references*/, DraftProbe& probe) {
  drop_if_said(monitor, "databaseQuery", "a mysql probe asks no query");
  const std::string password = monitor.read_text("radiusPassword").value_or("");  // goes before that of the string
  std::optional<Connection> it = read_connection(monitor, "mysql|mariadb", probe);
  if (!it) return;
  if (!password.empty() || !it->password.empty()) {
    probe.unfit.emplace_back("a mysql probe logs in without a password: give it a user who has none, and no rights");
  } else if (it->user.empty()) {
    probe.changed.emplace_back("without a user it ends after the server's greeting");
  }
  set_login(it->user, "", probe);
  if (!it->take("ssl").empty()) probe.unfit.emplace_back("a mysql probe speaks no TLS");
  if (!it->database.empty()) probe.changed.emplace_back("its database was left out: a login needs none");
  tell_rest(*it, probe);
}

}  // namespace candor::ctl
