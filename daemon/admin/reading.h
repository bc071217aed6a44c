#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/http/message.h"

namespace candor::admin {

/// What is wrong with a request, all of it at once: 20 problems in words, and how many more there are.
class Findings {
 public:
  void add(std::string problem);
  void add(const Findings& others);
  /// That `name` is none of `known`, with the nearest of them as a hint.
  void add_unknown(std::string_view what, std::string_view name, const std::vector<std::string>& known);
  [[nodiscard]] bool empty() const { return problems_.empty(); }
  /// 422: `{"error": "all in one sentence", "problems": ["each", …]}`
  [[nodiscard]] http::Response response() const;

 private:
  [[nodiscard]] bool full() const;

  std::vector<std::string> problems_;
  std::size_t more_ = 0;
};

template <class T>
using Words = std::vector<std::pair<std::string_view, T>>;

/// Finds a word among those that are allowed; one that is not is a finding.
template <class T>
std::optional<T> find_word(Findings& findings, std::string_view name, std::string_view word, const Words<T>& words) {
  std::vector<std::string> known;
  for (const auto& [text, value] : words) {
    if (text == word) return value;
    known.emplace_back(text);
  }
  findings.add_unknown(std::string{name} + ": value", word, known);
  return std::nullopt;
}

/// The JSON object that a client sent, read strictly: each question makes a field a known one, and by the end a field
/// that nobody asked about is a finding, as is a value of another type.
class Body {
 public:
  /// No body at all is an empty object. Errors, as a response: 413 for more than 256 KiB, 415 for another media
  /// type, 400 for what is no JSON object.
  [[nodiscard]] static std::expected<Body, http::Response> parse(const http::Request& request);
  ~Body();
  Body(Body&&) noexcept;
  Body& operator=(Body&&) noexcept;

  [[nodiscard]] std::optional<std::string> text(std::string_view name);
  /// As text(); an absent or blank one is a finding.
  [[nodiscard]] std::string required_text(std::string_view name);
  /// A whole one.
  [[nodiscard]] std::optional<std::size_t> number(std::string_view name, std::size_t most, std::size_t least = 1);
  /// An object whose values are texts.
  [[nodiscard]] std::map<std::string, std::string> texts_by_name(std::string_view name);
  template <class T>
  [[nodiscard]] std::optional<T> word(std::string_view name, const Words<T>& words) {
    const std::optional<std::string> value = text(name);
    return value ? find_word(findings(), name, *value, words) : std::nullopt;
  }

  [[nodiscard]] Findings& findings();
  /// After the last question: what is wrong, if anything.
  [[nodiscard]] std::optional<http::Response> refusal();

 private:
  struct Impl;
  explicit Body(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// A query's parameters, read as strictly.
class Query {
 public:
  explicit Query(const http::Request& request) : pairs_(request.query_pairs()) {}

  /// A parameter that may stand there once.
  [[nodiscard]] std::optional<std::string> value(std::string_view name);
  [[nodiscard]] std::vector<std::string> values(std::string_view name);
  [[nodiscard]] std::optional<bool> boolean(std::string_view name);
  [[nodiscard]] std::size_t number(std::string_view name, std::size_t absent, std::size_t most, std::size_t least = 1);
  template <class T>
  [[nodiscard]] std::optional<T> word(std::string_view name, const Words<T>& words) {
    const std::optional<std::string> text = value(name);
    return text ? find_word(findings_, name, *text, words) : std::nullopt;
  }

  [[nodiscard]] Findings& findings() { return findings_; }
  [[nodiscard]] std::optional<http::Response> refusal();

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
  std::set<std::string, std::less<>> known_;
  Findings findings_;
};

}  // namespace candor::admin
