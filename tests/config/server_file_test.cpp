#include "config/server_file.h"

#include <cstdlib>
#include <filesystem>
#include <string>

#include <unistd.h>

#include "base/error.h"
#include "config/config_folder.h"
#include "config/fake_gateway_type.h"
#include "support/catch.h"

using namespace dispatcher;
using namespace std::chrono_literals;
using dispatcher::test::ConfigFolder;
using dispatcher::test::FakeGatewayType;

namespace {

ServerFile load(const std::string& path) {
    const auto apns = FakeGatewayType::apns();
    const FakeGatewayType loopback("loopback");
    return load_server_file(path, {&apns, &loopback});
}

std::string problem_of(const std::string& text) {
    const ConfigFolder folder;
    const auto path = folder.write("s.yaml", text);
    return folder.problem_of([&] { load(path); });
}

/// Sets a variable of the environment for the length of a test.
class Variable {
  public:
    Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
    ~Variable() { ::unsetenv(name_); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

  private:
    const char* name_;
};

class WorkingFolder {
  public:
    explicit WorkingFolder(const std::string& path) : before_(std::filesystem::current_path()) {
        std::filesystem::current_path(path);
    }
    ~WorkingFolder() { std::filesystem::current_path(before_); }
    WorkingFolder(const WorkingFolder&) = delete;
    WorkingFolder& operator=(const WorkingFolder&) = delete;

  private:
    std::filesystem::path before_;
};

}  // namespace

TEST_CASE("every key of the server file arrives where it belongs", "[unit]") {
    const ConfigFolder folder;
    const Variable password("PUSHONCE_TEST_PASSWORD", "p: #\"w\\");
    folder.write("phrase.txt", "open sesame\n");
    const auto file = load(folder.write("config/s.yaml", R"(
store:
  url: mysql://app@db1:3306,[::1]:3307/pushonce
  password: ${env:PUSHONCE_TEST_PASSWORD}
  tls: {ca: ../ca.pem}
  lease: 10s
  patience: 2m
  retention: {flags: 100d, audience: 48h}
journal: {dir: /var/lib/journal, sync: true}
gateways:
  apple:
    type: apns
    key_file: AuthKey.p8
    key_id: 0123456789
    team_id: "${env:PUSHONCE_TEST_PASSWORD}+x"
    pass_phrase: "${file:../phrase.txt}"
    environment: sandbox
    endpoint: https://127.0.0.1:8443
    ca_file: ./mock/ca.pem
    connections: 2
    in_flight: 50
    timeout: 1500ms
    rate: 600/m
    patience: 0s
  nowhere: {type: loopback, endpoint: "http://[::1]:80"}
server: {listen: "0.0.0.0:80", ops_listen: "[::]:0", api_keys_file: keys.yaml, audience_dir: a/../b}
log: {level: off, format: json}
)"));
    CHECK(file.path == folder.file("config/s.yaml"));
    CHECK(file.store.url == "mysql://app@db1:3306,[::1]:3307/pushonce");
    CHECK(file.store.password.reveal() == "p: #\"w\\");
    CHECK(file.store.tls_ca == folder.file("ca.pem"));
    CHECK(file.store.lease == 10s);
    CHECK(file.store.patience == 2min);
    CHECK(file.store.retention_flags == 2400h);
    CHECK(file.store.retention_audience == 48h);
    CHECK(file.journal.dir == "/var/lib/journal");
    CHECK(file.journal.sync);
    CHECK(file.server.listen == "0.0.0.0:80");
    CHECK(file.server.ops_listen == "[::]:0");
    CHECK(file.server.api_keys_file == folder.file("config/keys.yaml"));
    CHECK(file.server.audience_dir == folder.file("config/b"));
    CHECK(file.log.level == LogLevel::off);
    CHECK(file.log.format == LogFormat::json);

    REQUIRE(file.gateways.size() == 2);
    const auto* apple = file.gateway("apple");
    REQUIRE(apple != nullptr);
    CHECK(apple->type == "apns");
    CHECK(apple->keys ==
          std::map<std::string, std::string>{{"key_file", folder.file("config/AuthKey.p8")},
                                             {"key_id", "0123456789"},
                                             {"team_id", "p: #\"w\\+x"},
                                             {"environment", "sandbox"}});
    CHECK(apple->secrets.at("pass_phrase").reveal() == "open sesame");
    CHECK(apple->endpoint == "https://127.0.0.1:8443");
    CHECK(apple->ca_file == folder.file("config/mock/ca.pem"));
    CHECK(apple->connections == 2);
    CHECK(apple->in_flight == 50);
    CHECK(apple->timeout == 1500ms);
    CHECK(apple->rate_per_second == 10.0);
    CHECK(apple->where("key_file") ==
          folder.file("config/s.yaml") + ":13:15: gateways.apple.key_file");
    CHECK(apple->file("ca_file").where ==
          folder.file("config/s.yaml") +
              ":19:14: gateways.apple.ca_file: " + folder.file("config/mock/ca.pem"));
    CHECK_FALSE(apple->is_for_show);
    CHECK(apple->patience == 0ms);
    CHECK(file.gateway("nowhere")->endpoint == "http://[::1]:80");
    CHECK(file.gateway("somewhere") == nullptr);
}

TEST_CASE("what a server file leaves out has its default, beside the file", "[unit]") {
    const ConfigFolder folder;
    const auto file = load(folder.write("s.yaml", "log: {}\n"));
    CHECK(file.store.url == "sqlite:" + folder.file("var/pushonce.db"));
    CHECK(file.journal.dir == folder.file("var/journal"));
    CHECK(file.store.lease == 30s);
    CHECK(file.server.listen == "127.0.0.1:8080");
    CHECK(file.server.ops_listen.empty());
    CHECK(file.gateways.empty());
    CHECK(load(folder.write("a/s.yaml", "store: {url: sqlite:../x.db}\n")).store.url ==
          "sqlite:" + folder.file("x.db"));
}

TEST_CASE("a relative path to the server file gives absolute paths too", "[unit]") {
    const ConfigFolder folder;
    folder.write("config/s.yaml", "store: {url: sqlite:../x.db}\n");
    const WorkingFolder here(folder.file(""));
    CHECK(load("config/s.yaml").store.url ==
          "sqlite:" + (std::filesystem::current_path() / "x.db").string());
}

TEST_CASE("mistakes in the server file are told at their place", "[unit]") {
    CHECK(problem_of("stor: {}\n") == "s.yaml:1:1: unknown key 'stor'; did you mean 'store'?");
    CHECK(problem_of("[1]\n") ==
          "s.yaml:1:1: the file must be a map of keys and values, but is a list");
    CHECK(problem_of("store:\n") ==
          "s.yaml:1:1: store must be a map of keys and values, but is empty");
    CHECK(problem_of("store:\n  lease: 30\n") ==
          "s.yaml:2:10: store.lease: '30' is not a duration such as 500ms, 30s, 5m, 12h or 1d");
    CHECK(problem_of("store:\n  lease: 999ms\n") ==
          "s.yaml:2:10: store.lease: 999ms is out of range; 1s to 1h are allowed");
    CHECK(problem_of("store:\n  lease: [1s]\n") ==
          "s.yaml:2:10: store.lease must be a single value, but is a list");
    CHECK(problem_of("store:\n  patience:\n") ==
          "s.yaml:2:3: store.patience has no value; write \"\" for an empty text");
    CHECK(problem_of("store:\n  tls: {}\n") == "s.yaml:2:8: store.tls.ca is missing");
    CHECK(problem_of("store:\n  tls: {cert: x}\n") ==
          "s.yaml:2:8: store.tls.ca is missing\n"
          "s.yaml:2:9: unknown key 'cert' in store.tls; known: ca");
    CHECK(problem_of("store: {retention: {flag: 1d}}\n") ==
          "s.yaml:1:21: unknown key 'flag' in store.retention; did you mean 'flags'?");
    CHECK(problem_of("journal: {sync: yes}\n") ==
          "s.yaml:1:17: journal.sync: 'yes' is not one of true, false");
    CHECK(problem_of("journal: {dir: ''}\n") == "s.yaml:1:16: journal.dir is empty");
    CHECK(problem_of("log: {level: warning, format: txt}\n") ==
          "s.yaml:1:14: log.level: 'warning' is not one of trace, debug, info, warn, error, off\n"
          "s.yaml:1:31: log.format: 'txt' is not one of text, json; did you mean 'text'?");
    CHECK(problem_of("server: {listen: \"8080\"}\n") ==
          "s.yaml:1:18: server.listen: must be host:port, for example 127.0.0.1:8080");
    CHECK(
        problem_of("server: {ops_listen: \"localhost:99999\"}\n").find("s.yaml:1:22: server.ops") ==
        0);
    CHECK(problem_of("sources: {crm: {}}\n") == "s.yaml:1:16: sources.crm.url is missing");
    CHECK(problem_of("sources: {crm: {url: \"mysql://ro@db/crm\", timeuot: 60s}}\n") ==
          "s.yaml:1:43: unknown key 'timeuot' in sources.crm; did you mean 'timeout'?");
    CHECK(problem_of("sources: {crm: {url: \"mysql://ro:hunter2@db/crm\"}}\n")
              .find("s.yaml:1:22: sources.crm.url: no password here") == 0);
    CHECK(problem_of("sources: {\"c m\": {url: \"sqlite:x.db\"}}\n").find("'c m' is not a name") !=
          std::string::npos);
}

TEST_CASE("sources of audiences are read with their passwords and timeouts", "[unit]") {
    const ConfigFolder folder;
    const Variable password("PUSHONCE_TEST_PASSWORD", "p: #\"w\\");
    const auto file = load(folder.write("config/s.yaml", R"(
sources:
  crm: {url: "mysql://ro@db/crm", password: "${env:PUSHONCE_TEST_PASSWORD}", timeout: 90s}
  local: {url: "sqlite:../devices.db"}
)"));
    REQUIRE(file.sources.size() == 2);
    const auto* crm = file.source("crm");
    REQUIRE(crm != nullptr);
    CHECK(crm->url == "mysql://ro@db/crm");
    CHECK(crm->password.reveal() == "p: #\"w\\");
    CHECK(crm->timeout == 90s);
    CHECK(file.source("local")->url == "sqlite:" + folder.file("devices.db"));
    CHECK(file.source("local")->timeout == 60s);
    CHECK(file.source("none") == nullptr);
}

TEST_CASE("a store address is checked and never quoted", "[unit]") {
    const auto url_problem = [](const std::string& url) {
        const auto problem = problem_of("store: {url: \"" + url + "\"}\n");
        CHECK(problem.find("hunter2") == std::string::npos);
        return problem.substr(0, problem.find(';'));
    };
    CHECK(url_problem("postgres://x") ==
          "s.yaml:1:14: store.url: must begin with sqlite: (a file) or mysql:// (a server)");
    CHECK(url_problem("mysql://app:hunter2@db/x") == "s.yaml:1:14: store.url: no password here");
    CHECK(url_problem("mysql://db/x") == "s.yaml:1:14: store.url: the user is missing");
    CHECK(url_problem("mysql://app@db") == "s.yaml:1:14: store.url: the database is missing");
    CHECK(url_problem("mysql://app@db/") == "s.yaml:1:14: store.url: the database is missing");
    CHECK(url_problem("mysql://app@db/x?y=1") ==
          "s.yaml:1:14: store.url: nothing may follow the database");
    for (const auto* hosts : {"", "db:", "db:0", "db:65536", "db:x", "db,", "d b", "[::1"})
        CHECK(url_problem("mysql://app@" + std::string(hosts) + "/x") ==
              "s.yaml:1:14: store.url: a host or port is not valid");
    for (const auto* url : {"sqlite:", "sqlite::memory:", "sqlite://x"})
        CHECK(url_problem(url) ==
              "s.yaml:1:14: store.url: the form is sqlite:PATH, for example "
              "sqlite:var/pushonce.db");
}

TEST_CASE("gateways are checked against the keys of their type", "[unit]") {
    CHECK(problem_of("gateways:\n  a: {key_id: x}\n") == "s.yaml:2:6: gateways.a.type is missing");
    CHECK(problem_of("gateways:\n  a: {type: apsn}\n") ==
          "s.yaml:2:13: unknown gateway type 'apsn'; did you mean 'apns'?");
    for (const std::string type : {"hms", "xiaomi"})
        CHECK(problem_of("gateways:\n  a: {type: " + type + ", anything: x}\n") ==
              "s.yaml:2:13: gateway type '" + type + "' is not available in this version");
    CHECK(problem_of("gateways:\n  a: {type: apns}\n") ==
          "s.yaml:2:6: gateways.a.key_id is missing");
    CHECK(problem_of("gateways:\n  a: {type: apns, key_id: x, keyfile: y}\n") ==
          "s.yaml:2:30: unknown key 'keyfile' in gateways.a; did you mean 'key_file'?");
    CHECK(problem_of("gateways:\n  a: {type: apns, key_id: x, environment: live}\n") ==
          "s.yaml:2:43: gateways.a.environment: 'live' is not one of production, sandbox");
    CHECK(problem_of("gateways:\n  a: {type: apns, key_id: x, team_id: y}\n") ==
          "s.yaml:2:39: gateways.a.team_id: goes with key_file");
    CHECK(problem_of("gateways:\n  a: {type: loopback, key_id: x}\n")
              .find("s.yaml:2:23: unknown key 'key_id' in gateways.a") == 0);
    CHECK(problem_of("gateways:\n  a b: {type: loopback}\n")
              .find("s.yaml:2:8: 'a b' is not a name") == 0);
    const auto common = [](const std::string& key) {
        return problem_of("gateways:\n  a: {type: loopback, " + key + "}\n");
    };
    CHECK(common("connections: 0") ==
          "s.yaml:2:36: gateways.a.connections: 0 is out of range; 1 to 256 are allowed");
    CHECK(common("in_flight: 010") ==
          "s.yaml:2:34: gateways.a.in_flight: '010' is not a whole number such as 1000");
    CHECK(common("timeout: 10ms") ==
          "s.yaml:2:32: gateways.a.timeout: 10ms is out of range; 1s to 1h are allowed");
    CHECK(common("rate: 5000") ==
          "s.yaml:2:29: gateways.a.rate: '5000' is not a rate such as 5000/s or 100/m; leave it "
          "out for no limit");
    CHECK(common("endpoint: 127.0.0.1") ==
          "s.yaml:2:33: gateways.a.endpoint: must begin with https://, or with http:// for "
          "cleartext HTTP/2");
    CHECK(common("endpoint: https://" + std::string(300, 'x')) ==
          "s.yaml:2:33: gateways.a.endpoint: the form is https://host:port, without a path");
    CHECK(common("endpoint: https://x/y") ==
          "s.yaml:2:33: gateways.a.endpoint: the form is https://host:port, without a path");
}

TEST_CASE("references that lead nowhere are told at their place", "[unit]") {
    ::unsetenv("PUSHONCE_TEST_UNSET");
    CHECK(problem_of("store:\n  password: ${env:PUSHONCE_TEST_UNSET}\n") ==
          "s.yaml:2:13: the environment variable PUSHONCE_TEST_UNSET is not set");
    CHECK(problem_of("store:\n  password: ${file:none.txt}\n") ==
          "s.yaml:2:13: the file none.txt is not there");
    CHECK(problem_of("store:\n  password: ${file:.}\n").find("s.yaml:2:13: the file ") == 0);
    CHECK(problem_of("store:\n  password: ${param:x}\n") ==
          "s.yaml:2:13: ${param:x} works in the campaign file only");
    CHECK(problem_of("store:\n  password: ${ENV:x}\n") ==
          "s.yaml:2:13: ${ENV:x} is unknown; known here: ${env:…}, ${file:…}");
    CHECK(problem_of("store:\n  password: ${x}\n") ==
          "s.yaml:2:13: ${x} is unknown; known here: ${env:…}, ${file:…}");
    CHECK(problem_of("store:\n  password: a${env:X\n") == "s.yaml:2:13: '${' without its '}'");
    CHECK(problem_of("store:\n  password: ${file:/dev/null}\n") ==
          "s.yaml:2:13: the file /dev/null is no regular file, but a pipe, a socket or a device");
    // One mistake, one message: the broken value is not judged again as a duration, an address, or
    // together with others.
    CHECK(problem_of("sources: {crm: {url: \"${env:PUSHONCE_TEST_UNSET}\"}}\n") ==
          "s.yaml:1:22: the environment variable PUSHONCE_TEST_UNSET is not set");
    CHECK(problem_of("gateways:\n  a: {type: apns, key_id: \"${env:PUSHONCE_TEST_UNSET}\", "
                     "team_id: y}\n") ==
          "s.yaml:2:27: the environment variable PUSHONCE_TEST_UNSET is not set");
    CHECK(problem_of("store:\n  lease: ${env:PUSHONCE_TEST_UNSET}\n") ==
          "s.yaml:2:10: the environment variable PUSHONCE_TEST_UNSET is not set");
}

TEST_CASE("no message quotes what a reference stands for", "[unit]") {
    const Variable secret("PUSHONCE_TEST_SECRET", "hunter2");
    CHECK(
        problem_of("store:\n  lease: ${env:PUSHONCE_TEST_SECRET}\n") ==
        "s.yaml:2:10: store.lease: '${env:PUSHONCE_TEST_SECRET}' is not a duration such as 500ms, "
        "30s, 5m, 12h or 1d");
    for (const auto* text :
         {"log: {level: \"${env:PUSHONCE_TEST_SECRET}\"}\n",
          "journal: {sync: \"${env:PUSHONCE_TEST_SECRET}\"}\n",
          "store: {url: \"${env:PUSHONCE_TEST_SECRET}\"}\n",
          "store: {url: \"mysql://a:${env:PUSHONCE_TEST_SECRET}@h/d\"}\n",
          "server: {listen: \"${env:PUSHONCE_TEST_SECRET}\"}\n",
          "gateways: {a: {type: \"${env:PUSHONCE_TEST_SECRET}\"}}\n",
          "gateways: {a: {type: loopback, rate: \"${env:PUSHONCE_TEST_SECRET}\"}}\n",
          "gateways: {a: {type: loopback, connections: \"${env:PUSHONCE_TEST_SECRET}\"}}\n",
          "gateways: {a: {type: loopback, endpoint: \"${env:PUSHONCE_TEST_SECRET}\"}}\n"}) {
        const auto problem = problem_of(text);
        CHECK(problem.find("s.yaml:1:") == 0);
        CHECK(problem.find("hunter2") == std::string::npos);
    }
}

TEST_CASE("what a reference stands for is not looked into again", "[unit]") {
    const Variable nested("PUSHONCE_TEST_NESTED", "${env:HOME}");
    const ConfigFolder folder;
    const auto file =
        load(folder.write("s.yaml", "store: {password: \"${env:PUSHONCE_TEST_NESTED}\"}\n"));
    CHECK(file.store.password.reveal() == "${env:HOME}");
}

TEST_CASE("all problems are told together, in the order of the file", "[unit]") {
    CHECK(problem_of("log: {level: x}\nstore: {lease: y}\nlog: {}\n") ==
          "s.yaml:1:14: log.level: 'x' is not one of trace, debug, info, warn, error, off\n"
          "s.yaml:2:16: store.lease: 'y' is not a duration such as 500ms, 30s, 5m, 12h or 1d\n"
          "s.yaml:3:1: key 'log' is given twice; first in line 1");
    std::string many;
    for (int i = 0; i < 30; ++i)
        many += "wrong" + std::to_string(i) + ": 1\n";
    CHECK(problem_of(many).ends_with("\nand 10 more"));
}

TEST_CASE("the server file is found where it is named, else in the usual places", "[unit]") {
    const ConfigFolder folder;
    const WorkingFolder here(folder.file(""));
    ::unsetenv("PUSHONCE_CONFIG");
    const bool has_system_file = std::filesystem::exists("/etc/pushonce/pushonce.yaml");
    if (!has_system_file)
        CHECK(folder.problem_of([] { find_server_file(""); }) ==
              "no server file: neither --config FILE nor $PUSHONCE_CONFIG is given, and neither "
              "./config/pushonce.yaml nor /etc/pushonce/pushonce.yaml exists; `pushonce init` "
              "writes one");
    folder.write("config/pushonce.yaml", "");
    const auto other = folder.write("other.yaml", "");
    CHECK(find_server_file("") == "config/pushonce.yaml");
    {
        const Variable variable("PUSHONCE_CONFIG", other.c_str());
        CHECK(find_server_file("") == other);
        CHECK(find_server_file("config/pushonce.yaml") == "config/pushonce.yaml");
    }
    const Variable variable("PUSHONCE_CONFIG", "none.yaml");
    CHECK(folder.problem_of([] { find_server_file(""); }) ==
          "none.yaml: no such file (named by $PUSHONCE_CONFIG)");
    CHECK(folder.problem_of([] { find_server_file("nothing.yaml"); }) ==
          "nothing.yaml: no such file (given with --config)");
}

TEST_CASE("who keeps the device tokens is a webhook", "[unit]") {
    const Variable secret("PUSHONCE_TEST_SECRET", "s3cret");
    const ConfigFolder folder;
    const auto store = std::string("store: {url: sqlite:a.db}\n");
    CHECK_FALSE(load(folder.write("none.yaml", store)).dead_token_webhook);
    const auto path = folder.write(
        "s.yaml", store +
                      "dead_tokens:\n"
                      "  webhook: {url: \"http://[::1]:8080?a=b\", secret: "
                      "\"${env:PUSHONCE_TEST_SECRET}\", ca_file: ca.pem, timeout: 3s}\n");
    const auto webhook = load(path).dead_token_webhook;
    REQUIRE(webhook);
    CHECK(webhook->url.origin == "http://[::1]:8080");
    CHECK(webhook->url.path == "/?a=b");
    CHECK(webhook->secret.reveal() == "s3cret");
    CHECK(webhook->ca_file == folder.file("ca.pem"));
    CHECK(webhook->timeout == 3s);
    CHECK_FALSE(load_server_file(path, {}, {"dead_tokens"}).dead_token_webhook);
    CHECK(problem_of(store + "dead_tokens: {}\n") == "s.yaml:2:14: dead_tokens.webhook is missing");
    CHECK(problem_of(store + "dead_tokens: {webhok: {url: http://a}}\n")
              .find("did you mean 'webhook'?") != std::string::npos);
    CHECK(problem_of(store + "dead_tokens: {webhook: {secret: a}}\n") ==
          "s.yaml:2:24: dead_tokens.webhook.url is missing");
    CHECK(problem_of(store + "dead_tokens: {webhook: {url: \"https://u:p@a/\"}}\n") ==
          "s.yaml:2:30: dead_tokens.webhook.url: must be https://HOST[:PORT]/PATH, or http:// for "
          "cleartext, with other characters percent-encoded (%20) and without a password or a "
          "fragment");
    CHECK(problem_of(store + "dead_tokens: {webhook: {url: http://a, secret: \"\"}}\n") != "");
    CHECK(problem_of(store + "dead_tokens: {webhook: {url: http://a, timeout: 2m}}\n") !=
          "no problem");
}

TEST_CASE("where the secrets are not needed, nothing is missed and no file is read", "[unit]") {
    const Variable secret("PUSHONCE_TEST_SECRET", "s3cret");
    const Variable topic("PUSHONCE_TEST_TOPIC", "com.example.app");
    const ConfigFolder folder;
    folder.write("id", "FROM-A-FILE");
    const auto path = folder.write("s.yaml",
                                   "store: {url: \"mysql://u@db/p\", password: "
                                   "\"${env:PUSHONCE_TEST_UNSET}\"}\n"
                                   "gateways:\n"
                                   "  apns:\n"
                                   "    type: apns\n"
                                   "    key_id: \"${file:id}\"\n"
                                   "    team_id: \"${env:PUSHONCE_TEST_UNSET}\"\n"
                                   "    topic: \"${env:PUSHONCE_TEST_TOPIC}\"\n"
                                   "    pass_phrase: \"${env:PUSHONCE_TEST_SECRET}\"\n"
                                   "    endpoint: \"${env:PUSHONCE_TEST_UNSET}\"\n");
    CHECK(folder.problem_of([&] { load(path); }) != "");
    const auto apns = FakeGatewayType::apns();
    const auto file = load_server_file(path, {&apns}, {"store", "gateways"});
    REQUIRE(file.gateways.size() == 1);
    CHECK(file.gateways[0].keys.at("key_id") == "unread");
    CHECK(file.gateways[0].keys.at("team_id") == "unread");
    CHECK(file.gateways[0].keys.at("topic") == "com.example.app");
    CHECK(file.gateways[0].secrets.empty());
    CHECK(file.gateways[0].endpoint.empty());
    CHECK(file.store.url == "mysql://u@db/p");
    // The other sections are as strict as ever.
    CHECK(folder.problem_of([&] { load_server_file(path, {&apns}, {"gateways"}); }) ==
          "s.yaml:1:42: the environment variable PUSHONCE_TEST_UNSET is not set");
}
