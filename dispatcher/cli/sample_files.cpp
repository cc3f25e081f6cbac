#include "cli/sample_files.h"

#include <string_view>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/sha256.h"

namespace dispatcher::cli {
namespace {

constexpr unsigned kDevices = 20;

constexpr std::string_view kServer = R"(
# How this machine reaches the store and the gateways. Paths are relative to this file; ${env:NAME}
# and ${file:PATH} stand for secrets, in quotes: password: "${env:PUSHONCE_DB_PASSWORD}".

store:
  url: sqlite:../var/pushonce.db         # or mysql://user@host1:3306,host2:3306/pushonce
  # password: "${env:PUSHONCE_DB_PASSWORD}"
  lease: 30s                             # how long a silent worker keeps its chunk, at least 1s
  patience: 60s                          # how long to wait for a lost store in mid-run

journal:
  dir: ../var/journal                    # on a local disk, one for each machine
  sync: false                            # true: survives power loss too, at some cost

gateways:
  # Sends to a mock gateway on this machine. For Apple, leave out endpoint and ca_file, and put in
  # your own key_file, key_id, team_id and topic.
  apns:
    type: apns
    key_file: AuthKey.p8                 # a throw-away key, made by `pushonce init`
    key_id: ABC123DEFG
    team_id: DEF123GHIJ
    topic: com.example.app               # the app's bundle id
    environment: production              # or sandbox
    endpoint: https://127.0.0.1:8443
    ca_file: ../var/mock/ca.pem
  # fcm:                                 # Android, and more: see the README
  #   type: fcm
  #   service_account: service-account.json   # from the Firebase console; keep it out of git

server:
  listen: "127.0.0.1:8080"
  # ops_listen: "127.0.0.1:8081"         # /healthz, /readyz and /metrics of every sending process

log: {level: info, format: text}         # or json
)";

constexpr std::string_view kCampaign = R"(
# A campaign. `pushonce plan` shows what it would do and sends nothing; `pushonce launch` sends it,
# once to each device, however often it is called.

campaign: hello                          # its identity: every device's flag hangs on this name

audience:
  file: audiences/sample.csv             # .csv with a header row or .ndjson, also .gz and .zst
  expect: {min: 1, max: 1000}            # another size than this is an error
  on_bad_row: stop                       # or skip: counted, and listed with line numbers
  on_shared_token: stop                  # two appids with one device token: stop, first or allow

gateway: apns                            # or by the column `platform`: {ios: apns}

message:
  template: hello                        # templates/hello.yaml
  data: {shop: Example}                  # template variables, beside the audience's columns
  ttl: 12h                               # how long the gateway keeps it for a device that is off
  priority: high                         # or normal
  collapse: auto                         # a copy replaces the one before; none, or {key: …}

delivery:
  rate: 5000/s                           # of the campaign, all processes together
  deadline: 24h                          # after the start, or a time
  retry: {attempts: 6, first: 1s, max: 5m}
  in_doubt: hold                         # may have been sent: hold, assume_delivered or resend
)";

constexpr std::string_view kTemplate = R"(
# The texts of the message. {{name}} is a column of the audience or a key of message.data; a text
# between {{#name}} and {{/name}} appears only if there is a name, one between {{^name}} and
# {{/name}} only if there is none.

default: en

locales:
  en:
    title: "Hello{{#name}}, {{name}}{{/name}}"
    body: "{{shop}} says hello, once."
  de:
    title: "Hallo{{#name}}, {{name}}{{/name}}"
    body: "{{shop}} grüßt, einmal."

# Merged into the payload for Apple devices.
apns:
  aps: {sound: default}
)";

/// The literal without the line break that opens it.
std::string text_of(std::string_view literal) {
    return std::string(literal.substr(1));
}

std::string audience() {
    std::string rows = "appid,token,platform,locale,name\n";
    for (unsigned i = 1; i <= kDevices; ++i) {
        const auto appid = fmt::format("device-{:02}", i);
        rows += fmt::format("{},{},ios,{},Friend {}\n", appid, to_hex(Sha256::of(appid)),
                            i % 2 == 0 ? "de" : "en", i);
    }
    return rows;
}

}  // namespace

std::vector<SampleFile> sample_files() {
    return {{"config/pushonce.yaml", text_of(kServer)},
            {"config/hello.yaml", text_of(kCampaign)},
            {"config/audiences/sample.csv", audience()},
            {"templates/hello.yaml", text_of(kTemplate)}};
}

}  // namespace dispatcher::cli
