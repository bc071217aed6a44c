#include <filesystem>
#include <stdlib.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/reader.h"
#include "tests/unit/folder.h"

namespace candor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A folder of configuration files and credentials, and the environment that names it.
class SecretOfAConfiguration : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_.path() / "credentials");
    setenv("CREDENTIALS_DIRECTORY", (folder_.path() / "credentials").c_str(), 1);
    setenv("CANDOR_TEST_SECRET", "from-env", 1);
    setenv("CANDOR_TEST_EMPTY", "", 1);
    unsetenv("CANDOR_TEST_UNSET");
  }
  void TearDown() override { unsetenv("CREDENTIALS_DIRECTORY"); }

  void write(const std::string& file, const std::string& text) const { folder_.write(file, text); }

  /// Reads `key = VALUE`; answers the secret and leaves the problems in problems_.
  std::optional<std::string> read(const std::string& value) {
    Problems problems;
    const auto document = Document::parse("key = " + value + "\n", (folder_.path() / "candor.toml").string(), problems);
    const std::optional<Secret> secret = document.value().root().secret("key");
    document->refuse_unknown();
    problems_.clear();
    hints_.clear();
    for (const Problem& problem : problems.list()) {
      problems_.push_back(std::to_string(problem.at.line) + ":" + std::to_string(problem.at.column) + ": " +
                          problem.what);
      hints_.push_back(problem.hint);
    }
    return secret ? std::optional{secret->reveal()} : std::nullopt;
  }

  Folder folder_;
  std::vector<std::string> problems_;
  std::vector<std::string> hints_;
};

TEST_F(SecretOfAConfiguration, stands_there_as_it_is) {
  EXPECT_EQ(read("\"plain\""), "plain");
  EXPECT_THAT(problems_, IsEmpty());
}

TEST_F(SecretOfAConfiguration, comes_from_the_environment) {
  EXPECT_EQ(read("{ env = \"CANDOR_TEST_SECRET\" }"), "from-env");
  EXPECT_THAT(problems_, IsEmpty());
}

TEST_F(SecretOfAConfiguration, comes_from_a_file_beside_the_configuration_without_its_line_end) {
  write("ana.token", "from file\r\n");
  EXPECT_EQ(read("{ file = \"ana.token\" }"), "from file");
  EXPECT_EQ(read("{ file = \"" + (folder_.path() / "ana.token").string() + "\" }"), "from file");
  EXPECT_THAT(problems_, IsEmpty());
}

TEST_F(SecretOfAConfiguration, comes_from_a_systemd_credential) {
  write("credentials/hook", "from systemd");
  EXPECT_EQ(read("{ credential = \"hook\" }"), "from systemd");
  EXPECT_THAT(problems_, IsEmpty());
}

TEST_F(SecretOfAConfiguration, is_a_problem_when_it_cannot_be_had) {
  EXPECT_FALSE(read("{ env = \"CANDOR_TEST_UNSET\" }"));
  EXPECT_THAT(problems_, ElementsAre("1:15: key: environment variable CANDOR_TEST_UNSET is not set"));
  EXPECT_FALSE(read("{ env = \"CANDOR_TEST_EMPTY\" }"));
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("CANDOR_TEST_EMPTY is not set")));
  EXPECT_FALSE(read("{ file = \"nowhere\" }"));
  EXPECT_THAT(problems_, ElementsAre("1:16: key: cannot read " + (folder_.path() / "nowhere").string() +
                                     ": No such file or directory"));
  EXPECT_FALSE(read("{ credential = \"nowhere\" }"));
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("credentials/nowhere: No such file or directory")));
  write("empty", "\n");
  EXPECT_FALSE(read("{ file = \"empty\" }"));
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("empty is empty")));
  unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_FALSE(read("{ credential = \"hook\" }"));
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("CREDENTIALS_DIRECTORY is not set")));
}

TEST_F(SecretOfAConfiguration, is_not_read_from_what_has_no_end) {
  EXPECT_FALSE(read("{ file = \"/dev/zero\" }"));
  EXPECT_THAT(problems_, ElementsAre("1:16: key: cannot read /dev/zero: is not a regular file"));
}

TEST_F(SecretOfAConfiguration, tells_how_to_give_it_where_it_cannot_be_had) {
  for (const auto& [value, hint] :
       std::vector<std::pair<std::string, std::string>>{{"{ env = \"CANDOR_TEST_UNSET\" }", "EnvironmentFile="},
                                                        {"{ file = \"nowhere\" }", "let candord's user read it"},
                                                        {"{ credential = \"nowhere\" }", "LoadCredential=NAME:PATH"},
                                                        {"\"\"", "{ env = \"NAME\" }"},
                                                        {"{}", "{ file = \"PATH\" }"}}) {
    EXPECT_FALSE(read(value));
    EXPECT_THAT(hints_, ElementsAre(HasSubstr(hint))) << value;
  }
}

TEST_F(SecretOfAConfiguration, is_never_empty) {
  EXPECT_FALSE(read("\"\""));
  EXPECT_THAT(problems_, ElementsAre("1:7: key is empty"));
}

TEST_F(SecretOfAConfiguration, stays_inside_the_credentials_folder) {
  write("ana.token", "s3cret");
  EXPECT_FALSE(read("{ credential = \"../ana.token\" }"));
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("a credential's name holds no slash")));
}

TEST_F(SecretOfAConfiguration, has_exactly_one_source) {
  write("ana.token", "s3cret");
  EXPECT_FALSE(read("{ env = \"CANDOR_TEST_SECRET\", file = \"ana.token\" }"));
  EXPECT_THAT(problems_, ElementsAre("1:7: key needs exactly one of env, file and credential"));
  EXPECT_FALSE(read("{}"));
  EXPECT_THAT(problems_, ElementsAre("1:7: key needs exactly one of env, file and credential"));
  EXPECT_FALSE(read("{ fiel = \"ana.token\" }"));
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("exactly one"), "1:9: unknown key \"fiel\""));
}

TEST_F(SecretOfAConfiguration, is_not_shown_where_the_name_of_its_variable_belongs) {
  for (const std::string secret :
       {"hunter2", "hunter2-of-ana", "2HUNTER", "https://hooks.example/hunter2", "HUNTER=2"}) {
    EXPECT_FALSE(read("{ env = \"" + secret + "\" }"));
    EXPECT_THAT(problems_, ElementsAre("1:15: key: the environment variable whose name stands here is not set"));
  }
}

TEST_F(SecretOfAConfiguration, is_in_no_problem) {
  write("ana.token", "s3cret");
  for (const std::string value :
       {"{ file = \"ana.token\", env = \"CANDOR_TEST_SECRET\" }", "{ file = \"ana.token\", x = 1 }"}) {
    static_cast<void>(read(value));
    EXPECT_FALSE(problems_.empty());
    EXPECT_THAT(problems_, testing::Each(testing::Not(testing::AnyOf(HasSubstr("s3cret"), HasSubstr("from-env")))));
  }
}

}  // namespace
}  // namespace candor
