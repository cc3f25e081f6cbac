#include "rehearsal/incarnations.h"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"

namespace dispatcher {
namespace {

/// How a restart begins the sentence about what it found.
constexpr std::string_view kFound = "A process of this host died: ";
constexpr std::chrono::hours kLongest{24 * 365};

std::string found_in(const std::string& log) {
    std::ifstream stream(log);
    for (std::string line; std::getline(stream, line);)
        if (line.starts_with(kFound)) {
            auto found = line.substr(kFound.size());
            if (found.ends_with('.')) found.pop_back();
            return found;
        }
    return {};
}

/// What a dispatcher's exit code may be here: done, needs a look, unavailable, stopped by itself.
bool is_an_end(int exit_code) {
    return exit_code == 0 || exit_code == 3 || exit_code == 5 || exit_code == 6;
}

}  // namespace

Incarnations::Incarnations(RehearsalPlace& place, Clock& clock, MockProcess* mock, int stop_fd,
                           IncarnationsOptions options)
    : place_(place),
      clock_(clock),
      mock_(mock),
      stop_fd_(stop_fd),
      options_(std::move(options)),
      aim_(options_.devices, options_.wire) {}

void Incarnations::run() {
    for (const auto& kill : options_.kills)
        if (!run_one(&kill)) return;
    run_one(nullptr);
}

bool Incarnations::run_one(const PlannedKill* kill) {
    const auto number = all_.size() + 1;
    auto& incarnation = all_.emplace_back();
    ChildOptions options;
    options.out_file = place_.path(fmt::format("dispatcher-{}.out", number));
    options.err_file = place_.path(fmt::format("dispatcher-{}.log", number));
    options.arguments = {"--config", options_.server_file, "--json", "restart", options_.campaign};
    options.environment = {"CRASH_AT"};
    if (kill != nullptr) {
        incarnation.crash_at = aim_.aim(*kill);
        options.environment = {"CRASH_AT=" + incarnation.crash_at};
    }
    if (mock_ != nullptr) options.network_of = mock_->child().pid();
    incarnation.started = clock_.wall();
    ChildProcess child(options);
    are_isolated_ = child.is_isolated();
    await_end(child);
    peak_bytes_ = std::max(peak_bytes_, child.peak_bytes());
    incarnation.found = found_in(options.err_file);
    if (kill != nullptr && child.signal() == SIGKILL) {
        incarnation.kill = *kill;
        aim_.hit(*kill);
        return true;
    }
    const auto code = child.exit_code();
    if (!code) fail(fmt::format("was ended by signal {}", child.signal()), options.err_file);
    if (!is_an_end(*code)) fail(fmt::format("ended with exit code {}", *code), options.err_file);
    exit_code_ = *code;
    std::ifstream out(options.out_file);
    document_.assign(std::istreambuf_iterator<char>(out), {});
    return false;
}

void Incarnations::await_end(ChildProcess& child) {
    std::vector<int> others = {stop_fd_};
    if (mock_ != nullptr) others.push_back(mock_->child().ended_fd());
    if (child.wait(kLongest, others)) return;
    if (is_readable(stop_fd_)) throw UnavailableError("interrupted");
    if (mock_ != nullptr && mock_->child().wait(std::chrono::milliseconds{0}, {})) mock_->fail();
}

void Incarnations::fail(const std::string& how, const std::string& log) {
    place_.keep();
    throw std::runtime_error(
        fmt::format("a dispatcher of the rehearsal {}; everything stays in {}. "
                    "Its last words:\n{}",
                    how, place_.folder(), last_lines(log)));
}

}  // namespace dispatcher
