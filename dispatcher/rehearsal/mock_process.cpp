#include "rehearsal/mock_process.h"

#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "rehearsal/gateway_settings.h"

namespace dispatcher {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookEvery{5};
constexpr milliseconds kStartPatience{20'000};
constexpr int kUsage = 2;  // exit code: its options or its files are wrong
constexpr std::size_t kLastBytes = 800;

std::string content(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

ChildOptions child_options(const RehearsalPlace& place, const MockProcessOptions& options) {
    ChildOptions child;
    child.out_file = place.path("mock.out");
    child.err_file = place.path("mock.log");
    child.arguments = {"--json",
                       "mock-gateway",
                       "--listen",
                       "127.0.0.1:0",
                       "--tls-dir",
                       place.path("mock"),
                       "--ledger",
                       place.path("ledger.ndjson"),
                       "--apns-key",
                       options.provider_key,
                       "--apns-key-id",
                       kRehearsalKeyId,
                       "--apns-team-id",
                       kRehearsalTeamId,
                       "--fcm-service-account",
                       options.service_account};
    if (!options.subscriber_key.empty()) {
        for (const auto& argument : {std::string("--vapid-public-key=") + options.vapid_key,
                                     "--subscriber-key=" + options.subscriber_key,
                                     "--subscriber-auth=" + options.subscriber_auth})
            child.arguments.push_back(argument);
    }
    if (!options.faults_file.empty()) {
        child.arguments.emplace_back("--faults");
        child.arguments.push_back(options.faults_file);
    }
    if (!options.latency.empty()) {
        child.arguments.emplace_back("--latency");
        child.arguments.push_back(options.latency);
    }
    child.environment = {"CRASH_AT"};
    return child;
}

}  // namespace

std::string last_lines(const std::string& file) {
    auto text = content(file);
    while (!text.empty() && text.back() == '\n')
        text.pop_back();
    if (text.size() <= kLastBytes) return text;
    const auto line = text.find('\n', text.size() - kLastBytes);
    return text.substr(line == std::string::npos ? text.size() - kLastBytes : line + 1);
}

MockProcess::MockProcess(const RehearsalPlace& place, const MockProcessOptions& options,
                         int stop_fd)
    : out_file_(place.path("mock.out")),
      err_file_(place.path("mock.log")),
      ca_file_(place.path("mock/ca.pem")),
      ledger_(place.path("ledger.ndjson")),
      child_(child_options(place, options)) {
    await_endpoint(stop_fd);
}

void MockProcess::await_endpoint(int stop_fd) {
    for (auto left = kStartPatience; left.count() > 0; left -= kLookEvery) {
        if (child_.wait(kLookEvery, {stop_fd})) fail();
        if (is_readable(stop_fd)) throw UnavailableError("interrupted");
        const auto said = content(out_file_);
        if (said.find('\n') == std::string::npos) continue;
        const auto document = nlohmann::json::parse(said, nullptr, false);
        if (document.is_object()) endpoint_ = document.value("endpoint", "");
        if (!endpoint_.empty()) return;
    }
    throw UnavailableError("the mock gateway does not start:\n" + last_lines(err_file_));
}

void MockProcess::fail() const {
    const auto said = last_lines(err_file_);
    if (child_.exit_code() == kUsage) throw ConfigError("mock gateway", said);
    throw UnavailableError("the mock gateway ended:\n" + said);
}

}  // namespace dispatcher
