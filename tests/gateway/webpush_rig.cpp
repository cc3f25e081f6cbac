#include "webpush_rig.h"

#include <algorithm>
#include <map>
#include <utility>

#include <openssl/evp.h>

#include "gateway/webpush/webpush_type.h"

namespace dispatcher::test {
namespace {

const std::string kPayload = R"({"notification_id":"00000000-0000-0000-0000-000000000000",)"
                             R"("tag":"00000000-0000-0000-0000-000000000000","title":"hello"})";

}  // namespace

GatewayOptions webpush_options(const TemporaryDirectory& directory, const std::string& endpoint) {
    const auto key_file = directory.file("vapid.pem");
    EVP_PKEY_free(write_signing_key(key_file));
    GatewayOptions options;
    options.name = "web";
    options.type = "webpush";
    options.endpoint = endpoint;
    options.keys = {{"vapid_key_file", key_file}, {"subject", "mailto:ops@example.com"}};
    return options;
}

WebPushRig::WebPushRig(std::vector<ScriptedServer::Script> scripts)
    : WebPushRig(Change{}, std::move(scripts)) {}

WebPushRig::WebPushRig(const Change& change, std::vector<ScriptedServer::Script> scripts)
    : certificate(std::make_unique<TestCertificate>("IP:127.0.0.1")) {
    for (auto& script : scripts)
        services.push_back(
            std::make_unique<ScriptedServer>(change.server, certificate.get(), std::move(script)));
    auto options =
        webpush_options(directory, change.has_endpoint ? services.front()->endpoint() : "");
    options.ca_file = directory.file("ca.pem");
    certificate->write_certificate(options.ca_file);
    options.connections = change.connections;
    options.in_flight = change.in_flight;
    options.patience = change.patience;
    if (!change.protocol.empty()) options.keys["protocol"] = change.protocol;
    if (change.allows_private) options.keys["private_endpoints"] = "allow";
    gateway = webpush::make_type()->open(options, clock, random);
}

std::string WebPushRig::origin(std::size_t service) const {
    return services.at(service)->endpoint();
}

bool WebPushRig::try_send(const std::string& origin) {
    const auto id = id_of(next_ticket);
    const auto token = origin + "/push/" + std::to_string(next_ticket) + " " +
                       std::string(kSubscriberKey) + " " + std::string(kSubscriberAuth);
    Notification notification;
    notification.appid = id;
    notification.token = token;
    notification.payload = kPayload;
    notification.id = id;
    notification.collapse_id = "scores";
    notification.expires_at = clock.wall() + std::chrono::hours(12);
    if (gateway->capacity() == 0 || !gateway->has_room_for(notification)) return false;
    gateway->submit(next_ticket++, notification);
    return true;
}

bool WebPushRig::send(const std::string& origin, std::size_t count) {
    return await([&] {
        while (count > 0 && try_send(origin))
            --count;
        return count == 0;
    });
}

bool WebPushRig::warm_up(const std::string& origin) {
    const auto before = answers.size();
    return send(origin) && await_answers(before + 1);
}

int WebPushRig::most_often() const {
    std::map<std::string, int> counts;
    int most = 0;
    for (const auto& service : services)
        for (const auto& request : service->seen())
            most = std::max(most, ++counts[request.headers.at(":path")]);
    return most;
}

}  // namespace dispatcher::test
