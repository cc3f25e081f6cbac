#include "cli/gateway_probe.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "base/log.h"

namespace dispatcher::cli {
namespace {

using std::chrono::milliseconds;
using Trial = GatewayType::Trial;

constexpr milliseconds kPatience{5000};
/// After the first trouble: a host's other addresses may still answer.
constexpr milliseconds kOtherAddresses{1000};
/// Trouble alone ends no wait.
constexpr milliseconds kLookAgain{50};
/// For the answer to a request that is only checked.
constexpr milliseconds kCheckPatience{15'000};
/// Whether TLS is spoken where cleartext is meant, a server tells at once.
constexpr milliseconds kOtherSchemePatience{2000};

/// Troubles on the way there that no waiting mends: the operator has to change something.
bool is_ours_to_mend(const std::string& trouble) {
    constexpr std::array kSigns = {"is not trusted", "refuses our certificate", "speaks no TLS",
                                   "does not speak HTTP/2", "no address that may be"};
    return std::any_of(kSigns.begin(), kSigns.end(),
                       [&](const char* sign) { return trouble.find(sign) != trouble.npos; });
}

GatewayTrial unreachable(std::string trouble) {
    const bool is_away = !is_ours_to_mend(trouble);
    return {std::move(trouble), is_away, {}};
}

/// A notification for no device, and what its views point to.
struct Probe {
    Probe(Site& site, const GatewayType& type, const Trial& trial) : token(trial.token) {
        Message message;
        message.default_locale = "en";
        message.locales["en"].title = "Pushonce";
        document = type.payload_document(message, "en");
        notification.campaign = "probe";
        notification.appid = "probe";
        notification.token = token;
        notification.payload = document.json;
        notification.push_type = document.push_type;
        notification.id = key.id();
        notification.expires_at = site.clock().wall() + std::chrono::hours(1);
    }

    const std::string token;
    PayloadDocument document;
    NotificationKey key{"probe", "probe"};
    Notification notification;
};

/// Waits until a request could be framed; answers why none can be, "" if one can.
std::string connect(Clock& clock, Gateway& gateway, const Notification& notification,
                    milliseconds patience) {
    std::vector<GatewayAnswer> answers;  // nothing is sent, so nothing is answered
    auto give_up_at = clock.now() + patience;
    std::string trouble;
    while (gateway.capacity() == 0 || !gateway.has_room_for(notification)) {
        const auto now = clock.now();
        const auto health = gateway.health();
        if (!health.trouble.empty() && trouble.empty())
            give_up_at = std::min(give_up_at, now + kOtherAddresses);
        if (!health.trouble.empty()) trouble = health.trouble;
        if (now >= give_up_at) return trouble.empty() ? "it does not answer" : trouble;
        gateway.wait(std::min(give_up_at, now + kLookAgain), answers);
    }
    return {};
}

/// A path that is not found, as some say of a device that cannot be, is no word on who asks.
bool is_about_the_path(std::string_view detail) {
    return detail.starts_with("404") || detail.starts_with("405");
}

/// Asks for no device. `is_check`: by a request of the kind that is never delivered.
GatewayTrial ask(Clock& clock, Gateway& gateway, const Notification& notification, bool is_check) {
    std::vector<GatewayAnswer> answers;
    const auto give_up_at = clock.now() + kCheckPatience;
    // Credentials that had just expired are renewed, and then the answer is another one.
    for (int attempt = 0; attempt < 2; ++attempt) {
        answers.clear();
        while (gateway.capacity() == 0 && clock.now() < give_up_at)
            gateway.wait(give_up_at, answers);
        gateway.submit(0, notification);
        while (answers.empty() && clock.now() < give_up_at)
            gateway.wait(give_up_at, answers);
        if (answers.empty()) return {"it does not answer", true, {}};
        const auto& answer = answers.front();
        if (!is_check && is_about_the_path(answer.detail))
            return {{},
                    false,
                    fmt::format("asked for no device, it answers {}, which shows nothing about "
                                "the credentials",
                                answer.detail)};
        if (answer.outcome.kind == Outcome::Kind::campaign_fault)
            return {gateway.fault(), false, {}};
        if (answer.outcome.kind == Outcome::Kind::unknown) {
            const auto trouble = gateway.health().trouble;
            return unreachable(trouble.empty() ? "it answers " + std::string(answer.detail)
                                               : trouble);
        }
        if (answer.outcome.kind == Outcome::Kind::not_sent) continue;
        return {{},
                false,
                fmt::format("it takes the credentials (asked for no device, it answers "
                            "{})",
                            answer.detail)};
    }
    return {"it does not take a request", true, {}};
}

/// Whether there is TLS at the port where cleartext is meant: a handshake that gets as far as the
/// other's certificate.
bool speaks_tls(Site& site, const GatewayType& type, const GatewayOptions& over_tls,
                const Notification& notification) {
    auto options = over_tls;
    options.connections = 1;
    const auto gateway = type.open(options, site.clock(), site.random());
    const auto trouble = connect(site.clock(), *gateway, notification, kOtherSchemePatience);
    return trouble.empty() || trouble.find("certificate") != trouble.npos ||
           trouble.find("does not speak HTTP/2") != trouble.npos;
}

void add(std::string& sentence, std::string_view more) {
    if (!more.empty()) sentence.append("; ").append(more);
}

}  // namespace

GatewayTrial try_out(Site& site, const GatewayChoice& choice) {
    // The result tells it once, and a handshake that must fail, as speaks_tls() tries, is no
    // trouble.
    const QuietLog quiet;
    auto options = *choice.options;
    options.connections = 1;
    auto& clock = site.clock();
    auto gateway = choice.type->open_for_checks(options, clock, site.random());
    const bool is_check = gateway != nullptr;
    if (!is_check) gateway = choice.type->open(options, clock, site.random());
    const auto trial = choice.type->trial(options);
    GatewayTrial result;
    result.tried = "credentials can be read";
    if (trial.way == Trial::Way::read) {
        add(result.tried, trial.untried);
        return result;
    }
    const Probe probe(site, *choice.type, trial);
    if (auto trouble = connect(clock, *gateway, probe.notification, kPatience); !trouble.empty())
        return unreachable(std::move(trouble));
    add(result.tried, "connected to " + choice.type->target(options));
    if (trial.over_tls && speaks_tls(site, *choice.type, *trial.over_tls, probe.notification))
        return {fmt::format("{}: this port speaks TLS, but the address begins with http://: write "
                            "https://",
                            options.where("url")),
                false,
                {}};
    if (trial.way == Trial::Way::ask) {
        auto asked = ask(clock, *gateway, probe.notification, is_check);
        if (!asked.trouble.empty()) return asked;
        add(result.tried, asked.tried);
    }
    add(result.tried, trial.untried);
    return result;
}

}  // namespace dispatcher::cli
