#include "mockgateway/mock_gateway.h"

#include <memory>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/log.h"
#include "cli/campaign_view.h"
#include "cli/invocation.h"
#include "cli/signal_watch.h"
#include "cli/verb.h"
#include "cli/verbs.h"
#include "config/quantity.h"

namespace dispatcher::cli {
namespace {

int mock_gateway(Invocation& invocation, const MockGatewayOptions& options) {
    LogOptions log_options;
    if (invocation.globals.log_level) log_options.level = *invocation.globals.log_level;
    start_log(log_options);
    SignalWatch signals;
    MockGateway gateway(options);
    invocation.err << fmt::format(
        "The mock gateway listens on {}{}; Ctrl-C ends it.\n", gateway.endpoint(),
        options.ledger_file.empty() ? ", without a ledger"
                                    : ", ledger " + options.ledger_file.string());
    if (invocation.globals.json)
        print_json(invocation.out, {{"endpoint", gateway.endpoint()}, {"port", gateway.port()}});
    else
        invocation.out << gateway.endpoint() << "\n";
    invocation.out.flush();
    gateway.run(signals.token());
    return kExitDone;
}

std::chrono::milliseconds latency_of(const std::string& text) {
    const auto latency = parse_duration(text);
    if (!latency)
        throw ConfigError("--latency",
                          fmt::format("'{}' is no duration, such as 20ms or 1s", text));
    return *latency;
}

void add_options(const Verb& verb, MockGatewayOptions& options,
                 const std::shared_ptr<std::string>& latency) {
    verb.add_option("--listen", options.listen, "Where; port 0 takes any free one")
        .type_name("HOST:PORT")
        .capture_default_str();
    verb.add_flag("--cleartext", options.cleartext, "HTTP/2 without TLS");
    verb.add_flag("--http1-only", options.http1_only, "No HTTP/2, as a few push services");
    verb.add_option("--ledger", options.ledger_file,
                    "A line for each accepted notification, written before the answer")
        .type_name("FILE");
    verb.add_option("--faults", options.faults_file, "How it misbehaves (YAML)").type_name("FILE");
    verb.add_option("--latency", *latency, "Between a request and its answer, e.g. 20ms")
        .type_name("D");
    verb.add_option("--tls-dir,--cert-dir", options.tls_dir,
                    "Its ca.pem, cert.pem and key.pem: made on the first use")
        .type_name("DIR");
    verb.add_option("--cert-file", options.cert_file, "A certificate instead (PEM)")
        .type_name("FILE");
    verb.add_option("--key-file", options.key_file, "Its key (PEM)").type_name("FILE");
    verb.add_option("--streams", options.streams, "Requests open at once on a connection")
        .capture_default_str();
    verb.add_option("--first-streams", options.first_streams,
                    "The same until the first accepted notification")
        .capture_default_str();
    verb.add_option("--apns-key", options.apns_public_key_file,
                    "Check provider tokens against this key (PEM)")
        .type_name("FILE");
    verb.add_option("--apns-key-id", options.apns_key_id, "Key id that tokens must name");
    verb.add_option("--apns-team-id", options.apns_team_id, "Team id that tokens must name");
    verb.add_option("--apns-topic", options.apns_topics, "A topic that is allowed; repeatable")
        .allow_extra_args(false);
    verb.add_option("--vapid-public-key", options.vapid_public_key,
                    "The only key that may send web pushes (base64url)");
    verb.add_option("--subscriber-key", options.subscriber_key_file,
                    "Decrypt web pushes: the private key of every subscription (PEM)")
        .type_name("FILE");
    verb.add_option("--subscriber-auth", options.subscriber_auth,
                    "And its auth secret (base64url)");
    verb.add_option("--fcm-service-account", options.fcm_service_account_file,
                    "Check assertions and access tokens against this service account (JSON); made "
                    "if it is not there")
        .type_name("FILE");
    verb.add_option("--apns-client-ca", options.apns_client_ca_file,
                    "Take client certificates of this authority (PEM) in place of provider tokens")
        .type_name("FILE");
    verb.add_option("--webhook-secret", options.webhook_secret,
                    "Check webhooks' signatures with this secret");
}

}  // namespace

void add_mock_gateway(const Verb& app, Invocation& invocation) {
    const auto options = std::make_shared<MockGatewayOptions>();
    options->listen = "127.0.0.1:8443";
    const auto latency = std::make_shared<std::string>();
    const auto verb = app.add_subcommand("mock-gateway", "The gateway for rehearsal and tests");
    add_options(verb, *options, latency);
    verb.footer(
        "Speaks like APNs, FCM, a web push service or the receiver of a webhook (every POST on a "
        "path\n"
        "that is none of theirs), strictly, and keeps a ledger of what it accepted. Prints its\n"
        "endpoint.\n"
        "Examples:\n"
        "  pushonce mock-gateway --tls-dir var/mock --ledger var/ledger.ndjson\n"
        "  pushonce mock-gateway --tls-dir var/mock --fcm-service-account var/mock/account.json\n"
        "  pushonce mock-gateway --tls-dir var/mock --webhook-secret s3cret   # url: …/any/path\n"
        "  pushonce mock-gateway --listen 127.0.0.1:0 --cleartext --latency 20ms\n"
        "  pushonce mock-gateway --faults faults.yaml --ledger ledger.ndjson");
    verb.callback([&invocation, options, latency] {
        invocation.action = [&invocation, options, latency] {
            if (!latency->empty()) options->latency = latency_of(*latency);
            return mock_gateway(invocation, *options);
        };
    });
}

}  // namespace dispatcher::cli
