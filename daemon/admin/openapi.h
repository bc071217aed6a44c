#pragma once

#include <string>
#include <string_view>

namespace candor::admin {

/// The OpenAPI 3.1 description of every route of Admin, as JSON. Each operation names the scope it needs as
/// `x-candor-scope`.
[[nodiscard]] std::string describe_api();

/// Its `components.schemas`.
[[nodiscard]] std::string_view api_schemas();

}  // namespace candor::admin
