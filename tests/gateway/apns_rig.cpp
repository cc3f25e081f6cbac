#include "apns_rig.h"

#include <openssl/evp.h>

#include "gateway/apns/apns_type.h"

namespace dispatcher::test {
namespace {

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
    gateway = apns::make_type()->open(options, clock, random);
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
    return send_by([this] { submit_one(); }, count);
}

bool ApnsRig::warm_up() {
    const auto before = answers.size();
    return send(1) && await_answers(before + 1);
}

}  // namespace dispatcher::test
