#include "daemon/http/auth.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace candor::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string ana = "ana-has-a-long-secret";
const std::string bo = "bo-has-one-just-as-long";

Tokens two() {
  Tokens tokens;
  tokens.add("ana", Scope::responder, Secret{ana});
  tokens.add("bo", Scope::read, Secret{bo});
  return tokens;
}

TEST(Tokens, tell_who_asks) {
  const std::optional<Identity> found = two().check("Bearer " + bo);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "bo");
  EXPECT_EQ(found->scope, Scope::read);
}

TEST(Tokens, take_the_scheme_in_any_case) {
  EXPECT_TRUE(two().check("bearer " + ana));
  EXPECT_TRUE(two().check("BEARER   " + ana + " "));
}

TEST(Tokens, refuse_everything_else) {
  for (const std::string& authorization :
       {std::string{}, std::string{"Bearer"}, std::string{"Bearer "}, "Bearer " + ana + "x", "Bearer " + ana.substr(1),
        ana, "Basic " + ana, "Bearer " + ana + " " + bo, "Bearer" + ana}) {
    EXPECT_FALSE(two().check(authorization)) << authorization;
  }
  EXPECT_FALSE(Tokens{}.check("Bearer " + ana));
}

TEST(Tokens, are_equal_when_a_reload_changed_nothing) {
  EXPECT_EQ(two(), two());
  Tokens other = two();
  other.add("cy", Scope::admin, Secret{"cy-has-a-secret-too"});
  EXPECT_NE(two(), other);
}

/// Reads a configuration's [auth]; answers its tokens and the problems.
std::pair<Tokens, std::vector<std::string>> read(std::string_view text) {
  Problems problems;
  const std::optional<Document> document = Document::parse(text, "candor.toml", problems);
  Tokens tokens;
  if (document) {
    tokens = read_tokens(document->root().table("auth"));
    document->refuse_unknown();
  }
  std::vector<std::string> texts;
  for (const Problem& problem : problems.list()) texts.push_back(problem.text());
  return {std::move(tokens), std::move(texts)};
}

TEST(ReadTokens, reads_name_scope_and_secret) {
  const auto [tokens, problems] = read(R"([auth]
tokens = [{ name = "ana", scope = "responder", secret = "ana-has-a-long-secret" },
          { name = "bo", scope = "read", secret = "bo-has-one-just-as-long" }]
)");
  EXPECT_THAT(problems, ElementsAre());
  EXPECT_EQ(tokens, two());
}

TEST(ReadTokens, finds_none_where_there_are_none) {
  EXPECT_TRUE(read("").first.empty());
  EXPECT_TRUE(read("[auth]\n").first.empty());
  EXPECT_TRUE(read("[auth]\ntokens = []\n").second.empty());
}

TEST(ReadTokens, says_everything_that_is_wrong) {
  const auto [tokens, problems] = read(R"([auth]
[[auth.tokens]]
name = "ana"
scope = "respoder"
secret = "too short"
[[auth.tokens]]
name = "ana"
scope = "read"
secert = "bo-has-one-just-as-long"
[[auth.tokens]]
name = "b o"
secret = " begins with a blank"
)");
  EXPECT_THAT(problems,
              ElementsAre(HasSubstr("4:9: \"respoder\" is not a value of scope (did you mean \"responder\"?)"),
                          HasSubstr("5:10: the secret is shorter than 16 characters"), HasSubstr("secret is missing"),
                          HasSubstr("there are two tokens named \"ana\""),
                          HasSubstr("unknown key \"secert\" (did you mean \"secret\"?)"), HasSubstr("scope is missing"),
                          HasSubstr("\"b o\" is not a token's name"), HasSubstr("begins or ends with a blank")));
  EXPECT_TRUE(tokens.empty());
  for (const std::string& problem : problems) EXPECT_THAT(problem, testing::Not(HasSubstr("too short"))) << "a secret";
}

TEST(ReadTokens, refuses_what_no_request_can_send_and_shows_nothing_of_it) {
  const auto said = [](std::string_view secret) {
    const auto [tokens, problems] =
        read(fmt::format("[[auth.tokens]]\nname = \"ana\"\nscope = \"read\"\nsecret = \"{}\"\n", secret));
    EXPECT_EQ(tokens.empty(), !problems.empty());
    for (const std::string& problem : problems) EXPECT_THAT(problem, testing::Not(HasSubstr("long-secret")));
    return problems;
  };
  const std::string place = "candor.toml:4:10: ";
  EXPECT_THAT(said("a-long-secret-of-ana\\nand-another-one"),
              ElementsAre(place + "the secret has more than one line, which no request can send (a token is one line; "
                                  "openssl rand -hex 32 makes a good one)"));
  EXPECT_THAT(said("a-long-secret-of-ana\\u0000"),
              ElementsAre(HasSubstr(place + "the secret holds a control character")));
  EXPECT_THAT(said("a-long\\u001b-secret-of-ana"),
              ElementsAre(HasSubstr(place + "the secret holds a control character")));
  EXPECT_THAT(said("a-long-secret\\t-of-ana"), ElementsAre(HasSubstr(place + "the secret holds a control character")));
  EXPECT_THAT(said("a-long-secret-of-ana\\u007f"),
              ElementsAre(HasSubstr(place + "the secret holds a control character")));
  EXPECT_THAT(
      said("\\ufeffa-long-secret-of-ana"),
      ElementsAre(place + "the secret begins with a byte order mark, which is not seen and no client sends (save "
                          "its file as UTF-8 without one)"));
  EXPECT_THAT(said("a long-secret of änä"), ElementsAre());
}

}  // namespace
}  // namespace candor::http
