#include "cli/command_line.h"

#include <algorithm>
#include <ostream>
#include <sstream>
#include <string_view>

#include <CLI/CLI.hpp>

#include "base/log.h"
#include "base/loopback_only.h"
#include "campaign/nearest_name.h"
#include "cli/failure.h"
#include "cli/invocation.h"
#include "cli/standard_streams.h"
#include "cli/verb.h"
#include "cli/verbs.h"

namespace dispatcher::cli {
namespace {

constexpr auto kDescription =
    "Push once. Never twice, nobody lost.\n"
    "A campaign is a YAML file; launching it notifies every device of its audience once,\n"
    "however often it is launched, killed or restarted.";
constexpr auto kFooter =
    "Examples:\n"
    "  pushonce init demo                    a server file, a campaign and an audience to try\n"
    "  pushonce plan campaign.yaml           what a launch would do\n"
    "  pushonce launch campaign.yaml         do it; the same again resumes\n"
    "  pushonce status                       every campaign, and what to do next\n"
    "`pushonce COMMAND --help` has examples for each command.\n"
    "The server file is --config, $PUSHONCE_CONFIG, ./config/pushonce.yaml or\n"
    "/etc/pushonce/pushonce.yaml, in this order.";

const std::vector<std::pair<std::string, LogLevel>> kLogLevels = {
    {"trace", LogLevel::trace}, {"debug", LogLevel::debug}, {"info", LogLevel::info},
    {"warn", LogLevel::warn},   {"error", LogLevel::error}, {"off", LogLevel::off}};

void add_globals(CLI::App& app, Invocation& invocation) {
    app.add_option("--config", invocation.globals.config, "The server file")->type_name("FILE");
    app.add_option_function<std::string>(
           "--log-level",
           [&invocation](const std::string& name) {
               for (const auto& [known, level] : kLogLevels)
                   if (known == name) invocation.globals.log_level = level;
           },
           "What the log on stderr holds; else as the server file says")
        ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}))
        ->type_name("LEVEL");
    app.add_flag("--json", invocation.globals.json,
                 "Results as one JSON document, failures too; lists as one a line");
}

/// Lets global options stand behind the verb; one that takes anything keeps what it is given.
void take_globals(CLI::App& verb) {
    if (verb.get_allow_extras()) return;
    verb.fallthrough();
    verb.footer(verb.get_footer() +
                "\n--config, --log-level and --json may stand here too: `pushonce --help`.");
}

/// The same help for every verb: its arguments by their names alone, its examples set apart.
void lay_out(CLI::App& verb) {
    if (verb.get_group() == "Subcommands") verb.group("Commands");
    for (auto* option : verb.get_options([](CLI::Option*) { return true; }))
        if (option->get_lnames().empty() && option->get_snames().empty()) option->type_name("");
    auto footer = verb.get_footer();
    const std::string_view examples = "\nExamples:";
    if (const auto at = footer.find(examples); at != std::string::npos) footer.insert(at, "\n");
    verb.footer(footer);
}

void add_verbs(CLI::App& app, Invocation& invocation) {
    const Verb program(app);
    add_init(program, invocation);
    add_plan(program, invocation);
    add_preview(program, invocation);
    add_test(program, invocation);
    add_launch(program, invocation);
    add_restart(program, invocation);
    add_pause(program, invocation);
    add_resume(program, invocation);
    add_cancel(program, invocation);
    add_halt(program, invocation);
    add_unhalt(program, invocation);
    add_set(program, invocation);
    add_status(program, invocation);
    add_show(program, invocation);
    add_audit(program, invocation);
    add_report(program, invocation);
    add_lookup(program, invocation);
    add_resolve(program, invocation);
    add_suppress(program, invocation);
    add_worker(program, invocation);
    add_rehearse(program, invocation);
    add_mock_gateway(program, invocation);
    add_doctor(program, invocation);
    add_store(program, invocation);
    add_forget(program, invocation);
    add_verbs_to_come(program, invocation);
    for (auto* verb : app.get_subcommands([](CLI::App*) { return true; })) {
        take_globals(*verb);
        lay_out(*verb);
        for (auto* inner : verb->get_subcommands([](CLI::App*) { return true; })) {
            take_globals(*inner);
            lay_out(*inner);
        }
    }
}

/// The word that was meant as the command, if it is none.
std::string unknown_verb(const CLI::App& app, const std::vector<std::string>& arguments) {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (arguments[i] == "--config" || arguments[i] == "--log-level") {
            ++i;
        } else if (!arguments[i].starts_with('-')) {
            const auto verbs = app.get_subcommands([](const CLI::App*) { return true; });
            const bool known = std::any_of(verbs.begin(), verbs.end(), [&](const auto* verb) {
                return verb->get_name() == arguments[i];
            });
            return known ? std::string() : arguments[i];
        }
    }
    return {};
}

int explain_usage(const CLI::App& app, const CLI::ParseError& error,
                  const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
        app.exit(error, out, err);
        return kExitDone;
    }
    if (const auto word = unknown_verb(app, arguments); !word.empty()) {
        std::vector<std::string> verbs;
        for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; }))
            verbs.push_back(verb->get_name());
        err << "pushonce: there is no command '" << word << "'" << hint_for(word, verbs) << "\n";
    } else if (app.get_subcommands().empty() && error.get_name() == "RequiredError") {
        err << "pushonce: no command is given; `pushonce --help` lists them\n";
    } else {
        const auto chosen = app.get_subcommands();
        const auto verb = chosen.empty() ? std::string() : " " + chosen.front()->get_name();
        err << "pushonce" << verb << ": " << error.what() << "\n";
        err << "`pushonce" << verb << " --help` shows how it is used.\n";
    }
    return kExitUsage;
}

/// Ends the log's thread, whatever ended the command.
struct LogEnd {
    LogEnd() = default;
    LogEnd(const LogEnd&) = delete;
    LogEnd& operator=(const LogEnd&) = delete;
    ~LogEnd() { stop_log(); }
};

}  // namespace

int run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
    confine_as_environment_says();
    Invocation invocation{{}, out, err, {}};
    CLI::App app(kDescription, "pushonce");
    app.footer(kFooter);
    app.require_subcommand(1);
    app.set_version_flag("--version", "pushonce 0.1.0");
    app.get_formatter()->label("SUBCOMMAND", "COMMAND");
    app.get_formatter()->label("Positionals", "Arguments");
    app.get_formatter()->label("REQUIRED", "(required)");
    add_globals(app, invocation);
    add_verbs(app, invocation);
    try {
        std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
        app.parse(reversed);
    } catch (const CLI::ParseError& error) {
        std::ostringstream said;
        const int code = explain_usage(app, error, arguments, out, said);
        err << said.str();
        if (code != kExitDone) print_failure(arguments, said.str(), code, out);
        return code;
    }
    const LogEnd log_end;
    const int code = invocation.action();
    check_results(out);
    return code;
}

}  // namespace dispatcher::cli
