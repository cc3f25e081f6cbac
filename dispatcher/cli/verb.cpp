#include "cli/verb.h"

#include <utility>

#include <CLI/CLI.hpp>

namespace dispatcher::cli {

VerbOption VerbOption::required() const {
    option_->required();
    return *this;
}
VerbOption VerbOption::type_name(const std::string& name) const {
    option_->type_name(name);
    return *this;
}
VerbOption VerbOption::one_of(const std::vector<std::string>& values) const {
    option_->check(CLI::IsMember(values));
    return *this;
}
VerbOption VerbOption::between(std::uint32_t least, std::uint32_t most) const {
    option_->check(CLI::Range(least, most));
    return *this;
}
VerbOption VerbOption::delimiter(char between) const {
    option_->delimiter(between);
    return *this;
}
VerbOption VerbOption::allow_extra_args(bool value) const {
    option_->allow_extra_args(value);
    return *this;
}
VerbOption VerbOption::capture_default_str() const {
    option_->capture_default_str();
    return *this;
}

Verb Verb::add_subcommand(const std::string& name, const std::string& help) const {
    return Verb(*app_->add_subcommand(name, help));
}
VerbOption Verb::add_option(const std::string& name, std::string& target,
                            const std::string& help) const {
    return VerbOption(*app_->add_option(name, target, help));
}
VerbOption Verb::add_option(const std::string& name, std::filesystem::path& target,
                            const std::string& help) const {
    return VerbOption(*app_->add_option(name, target, help));
}
VerbOption Verb::add_option(const std::string& name, std::vector<std::string>& target,
                            const std::string& help) const {
    return VerbOption(*app_->add_option(name, target, help));
}
VerbOption Verb::add_option(const std::string& name, std::uint32_t& target,
                            const std::string& help) const {
    return VerbOption(*app_->add_option(name, target, help));
}
VerbOption Verb::add_flag(const std::string& name, bool& target, const std::string& help) const {
    return VerbOption(*app_->add_flag(name, target, help));
}

void Verb::footer(const std::string& text) const {
    app_->footer(text);
}
void Verb::callback(std::function<void()> call) const {
    app_->callback(std::move(call));
}
void Verb::require_subcommand() const {
    app_->require_subcommand(1);
}
void Verb::allow_extras() const {
    app_->allow_extras();
}
void Verb::group(const std::string& name) const {
    app_->group(name);
}

}  // namespace dispatcher::cli
