// Prometheus: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config. Its jobs say
// what is probed, and how often.

#include "daemon/ctl/import_prometheus.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/utf8.h"
#include "daemon/ctl/import_words.h"

namespace candor::ctl {
namespace {

using namespace std::chrono_literals;

constexpr Duration usual_interval = 1min;
constexpr Duration usual_timeout = 10s;

/// As in Prometheus, 0 is what is not given.
Duration read_time(Source& table, std::string_view key, Duration usual) {
  const auto text = table.read_text(key);
  const std::optional<Duration> found = text ? read_go_duration(*text) : usual;
  if (found && *found > 0ms) return *found;
  table.drop(key, fmt::format("it was {}; it is {} here", toml_text(shorten_utf8(*text, 40)), format_duration(usual)));
  return usual;
}

/// The rules that hand a target and its module to blackbox_exporter, which is not there any more.
bool is_usual_relabelling(Source& rule, bool& module_label) {
  const std::vector<std::string> from = rule.read_texts("source_labels");
  const std::string to = rule.read_text("target_label").value_or("");
  const bool plain = rule.find("regex") == nullptr && rule.find("action") == nullptr;
  if (!plain) return false;
  if (to == "__address__" && from.empty()) return true;
  const std::string replacement = rule.read_text("replacement").value_or("$1");
  if (from.size() != 1 || (replacement != "$1" && replacement != "${1}")) return false;
  if (from[0] == "module" && to == "__param_module") return module_label = true;
  return (from[0] == "__address__" && to == "__param_target") ||
         ((from[0] == "__param_target" || from[0] == "__address__") && to == "instance");
}

/// Whether a rule takes targets away, or makes others of them.
bool changes_targets(Source& rule) {
  const std::string action = rule.read_text("action").value_or("replace");
  const std::string to = rule.read_text("target_label").value_or("");
  return (action != "replace" && action != "labeldrop" && action != "labelkeep" && action != "labelmap") ||
         to == "__address__" || to.starts_with("__param_");
}

/// Answers whether the label `module` chooses the module.
bool read_relabelling(Source& job, Target& common) {
  bool module_label = false;
  Source* const rules = job.find("relabel_configs");
  if (rules == nullptr) return module_label;
  for (Source& rule : rules->items()) {
    if (is_usual_relabelling(rule, module_label)) {
      rule.read();
    } else if (changes_targets(rule)) {
      rule.drop("it makes other targets, which are for you to write");
      common.unfit = "its job's relabel_configs make other targets";
    } else {
      rule.drop("labels are changed by Prometheus only");
    }
  }
  return module_label;
}

/// blackbox_exporter looks at the first value of a parameter.
std::string read_parameter(Source* params, std::string_view key) {
  if (params == nullptr) return {};
  const std::vector<std::string> values = params->read_texts(key);
  if (values.size() > 1) params->drop(key, "of several, only the first one counts");
  return values.empty() ? "" : values.front();
}

void read_labels(Source& config, bool module_label, Target& target) {
  Source* const labels = config.find("labels");
  if (labels == nullptr) return;
  for (Source& label : labels->items()) {
    const std::string value = labels->read_text(label.key()).value_or("");
    const bool chooses = label.key() == "__param_module" || (module_label && label.key() == "module");
    if (chooses) target.module = value;
    if (!label.key().starts_with("__")) {
      target.labels[label.key()] = value;
    } else if (!chooses) {
      label.drop("it is Prometheus's own");
    }
  }
}

void read_job(Source& job, Target common, std::vector<Target>& targets) {
  Source* const params = job.find("params");
  common.job = job.read_text("job_name").value_or("");
  if (!job.read_text("metrics_path").value_or("/metrics").ends_with("/probe") &&
      (params == nullptr || params->find("module") == nullptr)) {
    return job.drop("this job scrapes metrics, which is Prometheus's own");
  }
  common.every = read_time(job, "scrape_interval", common.every);
  common.timeout = read_time(job, "scrape_timeout", std::min(common.timeout, common.every));
  common.module = read_parameter(params, "module");
  common.address = read_parameter(params, "target");
  if (job.read_text("scheme").value_or("http") != "http") {
    job.drop("scheme", "it says how Prometheus reaches blackbox_exporter, which is not asked any more");
  }
  const bool module_label = read_relabelling(job, common);
  const std::size_t before = targets.size();
  // A target among the parameters is the only one, and static_configs says where blackbox_exporter is.
  if (!common.address.empty()) targets.push_back(common);
  if (Source* const configs = job.find("static_configs"); configs != nullptr) {
    for (Source& config : configs->items()) {
      const std::vector<std::string> addresses = config.read_texts("targets");
      if (!common.address.empty()) continue;
      Target target = common;
      read_labels(config, module_label, target);
      for (const std::string& address : addresses) {
        target.address = address;
        targets.push_back(target);
      }
    }
  }
  if (targets.size() == before) job.drop("no targets stand in its static_configs: list them there for the import");
}

}  // namespace

std::vector<Target> read_targets(Source& prometheus) {
  Target common{.every = usual_interval, .timeout = usual_timeout};
  if (Source* const global = prometheus.find("global"); global != nullptr) {
    common.every = read_time(*global, "scrape_interval", common.every);
    common.timeout = read_time(*global, "scrape_timeout", common.timeout);
  }
  std::vector<Target> targets;
  if (Source* const jobs = prometheus.find("scrape_configs"); jobs != nullptr) {
    for (Source& job : jobs->items()) read_job(job, common, targets);
  }
  prometheus.drop("scrape_config_files", "jobs are read from one file: import each of these as well");
  for (Source& part : prometheus.items()) {
    if (part.key() != "global" && part.key() != "scrape_configs") prometheus.drop(part.key(), "it is Prometheus's own");
  }
  return targets;
}

}  // namespace candor::ctl
