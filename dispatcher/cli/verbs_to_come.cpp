#include <array>
#include <string>

#include "base/error.h"
#include "cli/invocation.h"
#include "cli/verb.h"
#include "cli/verbs.h"

namespace dispatcher::cli {
namespace {

struct VerbToCome {
    const char* name;
    const char* example;
};

constexpr std::array kVerbs = {
    VerbToCome{"serve", "pushonce serve"},
    VerbToCome{"launch-token", "pushonce launch-token"},
};

}  // namespace

void add_verbs_to_come(const Verb& app, Invocation& invocation) {
    for (const auto& verb : kVerbs) {
        const auto added = app.add_subcommand(verb.name, "(not available in this version)");
        added.group("Commands to come");
        added.allow_extras();
        added.footer(std::string("Examples, once it is there:\n  ") + verb.example);
        added.callback([&invocation, name = std::string(verb.name)] {
            invocation.action = [name]() -> int {
                throw ConfigError(name, "not available in this version");
            };
        });
    }
}

}  // namespace dispatcher::cli
