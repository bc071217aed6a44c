#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "probes/kinds/hidden.h"

namespace candor::probes {

/// One value that a query gives.
struct Sample {
  std::string series;  ///< "up{instance=\"a:9100\"}", cut after some 200 bytes, one line; empty for a scalar
  double value = 0;    ///< may be infinite or NaN
};

/// The answer to an instant query of Prometheus's API (docs/querying/api.md): the samples of an instant vector, in the
/// order given, or the one of a scalar. Errors are a few words on one line: what Prometheus says is wrong, that the
/// answer is none of its API, or that the query gives something else than values of one instant. Nesting is bounded.
/// What is `hidden` is in no series and no error. Pure.
[[nodiscard]] Result<std::vector<Sample>> read_promql_answer(std::string_view body, const Hidden& hidden = {});

/// The first of the warnings that came with it, in quotes: a store that did not answer, or something odd in the query.
/// Empty where there is none.
[[nodiscard]] std::string read_promql_warning(std::string_view body, const Hidden& hidden);

}  // namespace candor::probes
