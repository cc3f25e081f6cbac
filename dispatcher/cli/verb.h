#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace dispatcher::cli {

/// An option, or an argument, of a verb. A handle: copies mean the same option.
class VerbOption {
  public:
    explicit VerbOption(CLI::Option& option) : option_(&option) {}

    VerbOption required() const;
    /// What stands for its value in the help.
    VerbOption type_name(const std::string& name) const;
    /// Only these values are taken.
    VerbOption one_of(const std::vector<std::string>& values) const;
    VerbOption between(std::uint32_t least, std::uint32_t most) const;
    /// Several values may stand in one word, with this between them.
    VerbOption delimiter(char between) const;
    /// Whether several words may follow it; repeated it takes several anyway.
    VerbOption allow_extra_args(bool value) const;
    /// The help tells the value that the variable has now.
    VerbOption capture_default_str() const;

  private:
    CLI::Option* option_;
};

/// One command of the command line, as the files of the verbs describe it: its options, its help
/// and what it does. A handle: copies mean the same command. Keeps CLI11, which costs every file
/// that includes it seconds to compile, in one.
class Verb {
  public:
    explicit Verb(CLI::App& app) : app_(&app) {}

    Verb add_subcommand(const std::string& name, const std::string& help) const;
    /// Parsed values go to `target`, which outlives the parsing. A name without dashes is an
    /// argument.
    VerbOption add_option(const std::string& name, std::string& target,
                          const std::string& help) const;
    VerbOption add_option(const std::string& name, std::filesystem::path& target,
                          const std::string& help) const;
    VerbOption add_option(const std::string& name, std::vector<std::string>& target,
                          const std::string& help) const;
    VerbOption add_option(const std::string& name, std::uint32_t& target,
                          const std::string& help) const;
    VerbOption add_flag(const std::string& name, bool& target, const std::string& help) const;

    /// Under the options in the help: more about it, then "Examples:".
    void footer(const std::string& text) const;
    /// Called when it was chosen.
    void callback(std::function<void()> call) const;
    void require_subcommand() const;
    /// Takes whatever follows.
    void allow_extras() const;
    /// The heading under which the help lists it.
    void group(const std::string& name) const;

  private:
    CLI::App* app_;
};

}  // namespace dispatcher::cli
