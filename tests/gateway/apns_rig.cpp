#include "apns_rig.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include <openssl/evp.h>

#include "gateway/apns/apns_type.h"

namespace dispatcher::test {
namespace {

/// Long enough for any machine, short enough for a test that fails.
constexpr std::chrono::seconds kPatience{20};

const std::string kToken(64, 'a');
const std::string kPayload = R"({"aps":{"alert":{"body":"hello"}}})";

}  // namespace

GatewayOptions apns_options(const TemporaryDirectory& directory, const std::string& endpoint) {
    const auto key_file = directory.file("key.p8");
    EVP_PKEY_free(write_signing_key(key_file));
    GatewayOptions options;
    options.name = "apns";
    options.type = "apns";
    options.endpoint = endpoint;
    options.keys = {{"key_file", key_file},
                    {"key_id", "ABC123DEFG"},
                    {"team_id", "DEF123GHIJ"},
                    {"topic", "com.example.app"}};
    return options;
}

std::string describe(const Outcome& outcome) {
    constexpr std::array kKinds = {"accepted", "rejected", "refused",
                                   "not_sent", "unknown",  "campaign_fault"};
    std::string text = kKinds.at(static_cast<std::size_t>(outcome.kind));
    if (outcome.reason != Reason::none) text += " " + std::string(to_string(outcome.reason));
    return text;
}

std::string id_of(Ticket ticket) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "00000000-0000-8000-8000-%012llx",
                  static_cast<unsigned long long>(ticket));
    return text.data();
}

ApnsRig::ApnsRig(ScriptedServer::Script script) : ApnsRig(Change{}, std::move(script)) {}

ApnsRig::ApnsRig(const Change& change, ScriptedServer::Script script)
    : certificate(std::make_unique<TestCertificate>(change.certificate_name)),
      server(
          std::make_unique<ScriptedServer>(change.server, certificate.get(), std::move(script))) {
    auto endpoint = server->endpoint();
    endpoint.replace(endpoint.find("127.0.0.1"), 9, change.host);
    auto options = apns_options(directory, endpoint);
    options.ca_file = directory.file("ca.pem");
    options.connections = change.connections;
    options.in_flight = change.in_flight;
    options.timeout = change.timeout;
    if (change.trusts_another)
        TestCertificate("IP:127.0.0.1").write_certificate(options.ca_file);
    else
        certificate->write_certificate(options.ca_file);
    gateway = apns::make_type()->open(options, clock, random_);
}

void ApnsRig::submit_one() {
    const auto ticket = next_ticket++;
    const auto id = id_of(ticket);
    Notification notification;
    notification.appid = id;
    notification.token = kToken;
    notification.payload = kPayload;
    notification.id = id;
    notification.push_type = "alert";
    notification.expires_at = WallTime(std::chrono::seconds(2'000'000'000));
    gateway->submit(ticket, notification);
}

bool ApnsRig::send(std::size_t count) {
    return await([&] {
        for (auto room = gateway->capacity(); room > 0 && count > 0; --room, --count)
            submit_one();
        return count == 0;
    });
}

bool ApnsRig::warm_up() {
    const auto before = answers.size();
    return send(1) && await_answers(before + 1);
}

bool ApnsRig::await_answers(std::size_t count) {
    return await([&] { return answers.size() >= count; });
}

bool ApnsRig::await(const std::function<bool()>& is_true) {
    SystemClock real;
    const auto end = real.now() + kPatience;
    while (!is_true()) {
        if (real.now() > end) return false;
        // What the server sees ends no wait(), so each one is short.
        const auto before = answers.size();
        gateway->wait(clock.now() + std::chrono::milliseconds(5), answers);
        for (auto i = before; i < answers.size(); ++i)
            by_ticket_[answers[i].ticket].push_back(describe(answers[i].outcome));
    }
    return true;
}

void ApnsRig::turn() {
    bool is_over = false;
    static_cast<void>(await([&] { return std::exchange(is_over, true); }));
}

std::string ApnsRig::answer(Ticket ticket) const {
    const auto found = by_ticket_.find(ticket);
    return found == by_ticket_.end() ? "-" : found->second.front();
}

std::string ApnsRig::late_answer(Ticket ticket) const {
    const auto found = by_ticket_.find(ticket);
    return found == by_ticket_.end() || found->second.size() < 2 ? "-" : found->second[1];
}

std::size_t ApnsRig::answers_max() const {
    std::size_t most = 0;
    for (const auto& [ticket, all] : by_ticket_)
        most = std::max(most, all.size());
    return most;
}

}  // namespace dispatcher::test
