#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace candor::page {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// One encoding of a document, with everything an answer needs.
struct Variant {
  std::shared_ptr<const std::string> body;
  std::string etag;      ///< strong (RFC 9110, section 8.8.3), with its quotes
  Headers headers;       ///< of a 200
  Headers not_modified;  ///< of a 304
};

/// Something the public listener serves. Immutable and ready to send: a hit only picks a variant.
struct Document {
  enum class Kind : std::uint8_t { html, json, svg, text };
  Kind kind = Kind::html;
  Variant identity;
  Variant gzip;  ///< no body where compressing would not make it smaller
};

/// How long browsers and caches may show what they have, in seconds.
inline constexpr int max_age_s = 10;

/// Compresses the body and writes the headers. Where `previous` has the same kind and body, that one is answered.
[[nodiscard]] std::shared_ptr<const Document> make_document(Document::Kind kind, std::string body,
                                                            const std::shared_ptr<const Document>& previous = nullptr);

/// The headers that every answer of a kind has: its type, and what browsers may do with it.
[[nodiscard]] Headers common_headers(Document::Kind kind);

/// Content-Security-Policy of our HTML: nothing but its own style, own images and own forms.
[[nodiscard]] const std::string& content_security_policy();

}  // namespace candor::page
