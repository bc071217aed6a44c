#include <algorithm>
#include <cctype>
#include <set>

#include <gmock/gmock.h>

#include "house.h"

namespace candor::admin {
namespace {

/// Holds a JSON value against a schema of the kind that api_schemas() uses. Answers where it does not fit.
class Validator {
 public:
  explicit Validator(const json::value& document) : schemas_(document.at("components").at("schemas").as_object()) {}

  void check(const json::value& value, const json::object& schema, const std::string& where) {
    if (const json::value* reference = schema.if_contains("$ref")) {
      const std::string name = std::string{reference->as_string()}.substr(std::string{"#/components/schemas/"}.size());
      const json::value* found = schemas_.if_contains(name);
      if (found == nullptr) return complain(where, "refers to nothing: " + name);
      return check(value, found->as_object(), where);
    }
    if (!has_type(value, schema.at("type"))) return complain(where, "is of another type: " + json::serialize(value));
    if (const json::value* words = schema.if_contains("enum")) {
      const json::array& list = words->as_array();
      if (std::ranges::find(list, value) == list.end()) complain(where, "is no such word: " + json::serialize(value));
    }
    if (value.is_object()) check_object(value.as_object(), schema, where);
    if (value.is_array()) {
      std::size_t i = 0;
      for (const json::value& item : value.as_array()) {
        check(item, schema.at("items").as_object(), where + "[" + std::to_string(i++) + "]");
      }
    }
  }

  std::vector<std::string> complaints;

 private:
  static bool has_type(const json::value& value, const json::value& type) {
    if (type.is_array()) {
      return std::ranges::any_of(type.as_array(), [&](const json::value& each) { return has_type(value, each); });
    }
    const std::string name{type.as_string()};
    return (name == "string" && value.is_string()) || (name == "null" && value.is_null()) ||
           (name == "boolean" && value.is_bool()) || (name == "integer" && (value.is_int64() || value.is_uint64())) ||
           (name == "number" && value.is_number()) || (name == "object" && value.is_object()) ||
           (name == "array" && value.is_array());
  }

  void check_object(const json::object& object, const json::object& schema, const std::string& where) {
    const json::value* properties = schema.if_contains("properties");
    if (const json::value* required = schema.if_contains("required")) {
      for (const json::value& name : required->as_array()) {
        if (!object.contains(name.as_string())) complain(where, "lacks " + std::string{name.as_string()});
      }
    }
    const json::value* others = schema.if_contains("additionalProperties");
    for (const auto& [name, value] : object) {
      const std::string place = where + "." + std::string{name};
      const json::value* property = properties != nullptr ? properties->as_object().if_contains(name) : nullptr;
      if (property != nullptr) {
        check(value, property->as_object(), place);
      } else if (others != nullptr && others->is_object()) {
        check(value, others->as_object(), place);
      } else if (others != nullptr) {
        complain(place, "is not described");
      }
    }
  }

  void complain(const std::string& where, const std::string& what) { complaints.push_back(where + " " + what); }

  const json::object& schemas_;
};

class OpenApi : public AdminTest {
 protected:
  const json::value document = get("/api/v1/openapi.json").value();

  const json::object& operation(const std::string& method, const std::string& path) const {
    std::string lower = method;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return document.at("paths").at(path).at(lower).as_object();
  }

  /// The schema of a JSON answer with this status.
  const json::object& answer_schema(const std::string& method, const std::string& path, unsigned status) const {
    return operation(method, path)
        .at("responses")
        .at(std::to_string(status))
        .at("content")
        .at("application/json")
        .at("schema")
        .as_object();
  }

  void expect_described(const std::string& method, const std::string& path, const Told& told) {
    Validator validator{document};
    validator.check(told.value(), answer_schema(method, path, told.status), "answer");
    EXPECT_THAT(validator.complaints, testing::IsEmpty()) << method << " " << path;
  }
};

TEST_F(OpenApi, describes_exactly_the_routes_that_there_are) {
  std::vector<std::pair<std::string, std::string>> described;
  for (const auto& [path, operations_of_path] : document.at("paths").as_object()) {
    for (const auto& [method, ignored] : operations_of_path.as_object()) {
      std::string upper{method};
      std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
      described.emplace_back(upper, std::string{path});
    }
  }
  EXPECT_THAT(described, testing::UnorderedElementsAreArray(router.routes()));
}

TEST_F(OpenApi, gives_each_operation_a_name_of_its_own) {
  std::set<std::string> names;
  for (const auto& [method, path] : router.routes()) {
    EXPECT_TRUE(names.emplace(operation(method, path).at("operationId").as_string()).second) << method << " " << path;
  }
}

TEST_F(OpenApi, says_the_scope_that_is_asked_for) {
  http::Tokens tokens;
  const std::vector scopes{http::Scope::read, http::Scope::support, http::Scope::responder, http::Scope::admin};
  for (const http::Scope scope : scopes) {
    tokens.add(std::string{to_string(scope)}, scope, Secret{"the-secret-of-" + std::string{to_string(scope)}});
  }
  guard.replace(std::move(tokens));
  for (const auto& [method, path] : router.routes()) {
    std::string least;
    for (const http::Scope scope : scopes) {
      token = "the-secret-of-" + std::string{to_string(scope)};
      if (send(method, path, "{}").status != 403 && least.empty()) least = to_string(scope);
    }
    token.clear();
    if (send(method, path, "{}").status != 401) least = "";
    const json::object& described = operation(method, path);
    EXPECT_EQ(described.contains("x-candor-scope") ? std::string{described.at("x-candor-scope").as_string()} : "",
              least)
        << method << " " << path;
  }
}

TEST_F(OpenApi, describes_what_is_answered) {
  for (const std::string path : {"/api/v1/status", "/api/v1/incidents", "/api/v1/pages", "/api/v1/signals",
                                 "/api/v1/probes", "/api/v1/deliveries", "/api/v1/openapi.json"}) {
    expect_described("GET", path, get(path));
  }
  expect_described("GET", "/api/v1/incidents/{id}", get("/api/v1/incidents/incidentopen"));
  expect_described("GET", "/api/v1/incidents/{id}", get("/api/v1/incidents/incidentover"));
  expect_described("GET", "/api/v1/incidents/{id}", get("/api/v1/incidents/nosuchthing0"));
  expect_described("GET", "/api/v1/signals", get("/api/v1/signals?healht=ok"));
  expect_described("POST", "/api/v1/incidents", post("/api/v1/incidents", R"({"title": "x"})"));
  expect_described("POST", "/api/v1/incidents", post("/api/v1/incidents", "{"));
  expect_described("POST", "/api/v1/incidents/{id}/veto", post("/api/v1/incidents/incidentopen/veto", "{}"));
  operations.the_history = ProbeHistory{true, {{.begin = noon, .runs = {1, 0, 2, 0}, .answered = 1, .p50 = 3ms}}};
  expect_described("GET", "/api/v1/probes/{probe}", get("/api/v1/probes/checkout-http"));
  expect_described("GET", "/api/v1/probes/{probe}", get("/api/v1/probes/gone"));
  expect_described("GET", "/api/v1/probes/{probe}", get("/api/v1/probes/gone?resolution=year"));
  operations.the_history = failure("the disk is full");
  expect_described("GET", "/api/v1/probes/{probe}", get("/api/v1/probes/checkout-http"));
  expect_described("GET", "/api/v1/probes/{probe}", get("/api/v1/probes/gone"));
  operations.why_not_ready = "the disk is full";
  expect_described("GET", "/api/v1/status", get("/api/v1/status"));
  expect_described("POST", "/api/v1/incidents/{id}/ack", post("/api/v1/incidents/incidentopen/ack", ""));
}

TEST_F(OpenApi, describes_the_fields_that_a_body_may_have) {
  for (const auto& [method, path] : router.routes()) {
    const json::object& described = operation(method, path);
    if (!described.contains("requestBody")) continue;
    const std::string reference{
        described.at("requestBody").at("content").at("application/json").at("schema").at("$ref").as_string()};
    const json::object& properties = document.at("components")
                                         .at("schemas")
                                         .at(reference.substr(reference.rfind('/') + 1))
                                         .at("properties")
                                         .as_object();
    // A field is known exactly if a value of the wrong type for it is not answered with "is not known".
    json::object all;
    for (const auto& [name, schema] : properties) all[name] = json::array{};
    all["surely-unknown"] = json::array{};
    const Told told = send(method, path, json::serialize(all));
    EXPECT_EQ(told.status, 422U);
    const json::value body = told.value();
    for (const auto& [name, schema] : properties) {
      const std::string complaint = std::string{name} + " is a list, not a";
      EXPECT_THAT(std::string{body.at("error").as_string()}, testing::HasSubstr(complaint)) << method << " " << path;
    }
  }
}

TEST_F(OpenApi, says_how_many_of_a_list_may_be_asked_for) {
  for (const auto& [method, path] : router.routes()) {
    for (const json::value& parameter : operation(method, path).at("parameters").as_array()) {
      if (parameter.at("name").as_string() != "limit") continue;
      const std::int64_t most = parameter.at("schema").at("maximum").as_int64();
      EXPECT_EQ(get(path + "?limit=" + std::to_string(most)).status, 200U) << path;
      EXPECT_EQ(get(path + "?limit=" + std::to_string(most + 1)).status, 422U) << path;
    }
  }
}

TEST_F(OpenApi, says_what_a_job_may_say) {
  const std::string path = "/api/v1/heartbeat/{probe}";
  for (const auto& [method, path_there] : {std::pair{"GET", path}, {"POST", path}}) {
    const json::array& parameters = operation(method, path_there).at("parameters").as_array();
    const auto named = [&](std::string_view name) -> const json::object& {
      return std::ranges::find(parameters, json::value(name), [](const json::value& it) { return it.at("name"); })
          ->as_object();
    };
    const std::int64_t most = named("status").at("schema").at("maximum").as_int64();
    EXPECT_EQ(send(method, "/api/v1/heartbeat/backup?status=" + std::to_string(most), "").status, 200U);
    EXPECT_EQ(send(method, "/api/v1/heartbeat/backup?status=" + std::to_string(most + 1), "").status, 422U);
    EXPECT_FALSE(named("message").at("schema").as_object().contains("maxLength")) << "a longer one is not refused";
    EXPECT_THAT(std::string{named("message").at("description").as_string()}, testing::HasSubstr("first 1000 bytes"));
  }
  const json::object& body = document.at("components").at("schemas").at("PostHeartbeat").at("properties").as_object();
  EXPECT_FALSE(body.at("message").as_object().contains("maxLength"));
  EXPECT_EQ(body.at("status").at("maximum").as_int64(), 255);
}

TEST_F(OpenApi, describes_the_parameters_that_a_query_may_have) {
  for (const auto& [method, path] : router.routes()) {
    if (method != "GET" || !path.starts_with("/api/v1/") || path.ends_with(".json") || path.ends_with("}")) continue;
    const std::string error{get(path + "?surely-unknown=1").value().at("error").as_string()};
    for (const json::value& parameter : operation(method, path).at("parameters").as_array()) {
      EXPECT_THAT(error, testing::HasSubstr(std::string{parameter.at("name").as_string()})) << path;
    }
  }
}

}  // namespace
}  // namespace candor::admin
