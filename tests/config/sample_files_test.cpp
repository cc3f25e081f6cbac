#include <functional>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"
#include "config/campaign_file.h"
#include "config/config_folder.h"
#include "config/fake_gateway_type.h"
#include "config/server_file.h"
#include "config/template_file.h"
#include "support/catch.h"

using namespace dispatcher;
using namespace std::chrono_literals;
using dispatcher::test::ConfigFolder;
using dispatcher::test::FakeGatewayType;

namespace {

const std::string kRepository = PUSHONCE_SOURCE_DIR;

ServerFile load_server(const std::string& path) {
    const auto apns = FakeGatewayType::apns();
    const FakeGatewayType loopback("loopback");
    return load_server_file(path, {&apns, &loopback});
}

CampaignFile load_campaign(const std::string& path) {
    return load_campaign_file(path, {}, {"apns", "nowhere"});
}

/// A text a few random steps away: bytes changed, removed, doubled, lines moved, YAML strewn in.
std::string mutated(std::string text, std::mt19937& random) {
    static const std::vector<std::string> kPieces = {"\n",
                                                     "  ",
                                                     "\t",
                                                     ":",
                                                     ": ",
                                                     "- ",
                                                     "{",
                                                     "}",
                                                     "[",
                                                     "]",
                                                     ",",
                                                     "\"",
                                                     "'",
                                                     "|",
                                                     ">",
                                                     "&a ",
                                                     "*a",
                                                     "!!x ",
                                                     "#",
                                                     "%",
                                                     "@",
                                                     "`",
                                                     "? ",
                                                     "---\n",
                                                     "...",
                                                     "~",
                                                     "null",
                                                     "${env:",
                                                     "${",
                                                     "{{",
                                                     "}}",
                                                     "{{#a}}",
                                                     "{{/a}}",
                                                     std::string(1, '\0'),
                                                     "\xff",
                                                     "ü",
                                                     "\xe2\x80\xa8",
                                                     "<<: *a",
                                                     "99999999999999999999",
                                                     "-1",
                                                     "010",
                                                     "1e999",
                                                     "\\x00",
                                                     "\"\\0\"",
                                                     "\r",
                                                     "\xef\xbb\xbf"};
    const auto at = [&] { return text.empty() ? 0 : random() % (text.size() + 1); };
    for (auto steps = 1 + random() % 4; steps > 0; --steps) {
        switch (random() % 5) {
            case 0:
                text.insert(at(), kPieces[random() % kPieces.size()]);
                break;
            case 1:
                text.erase(at(), random() % 8);
                break;
            case 2: {
                const auto begin = at();
                text.insert(at(), text.substr(begin, random() % 60));
                break;
            }
            case 3:
                if (!text.empty()) text[random() % text.size()] = static_cast<char>(random());
                break;
            default:
                text.resize(random() % 20 == 0 ? at() : text.size());
        }
    }
    return text;
}

/// Loads mutated texts: each is good or a ConfigError that names the file. Answers how many erred.
int errors_of(const std::string& text, unsigned seed, int rounds, const std::string& file,
              const std::function<void(const std::string& mutation)>& load) {
    std::mt19937 random(seed);
    int errors = 0;
    for (int round = 0; round < rounds; ++round) {
        INFO("seed " << seed << ", round " << round);
        try {
            load(mutated(text, random));
        } catch (const ConfigError& error) {
            ++errors;
            REQUIRE(std::string(error.what()).find(file) != std::string::npos);
        }
    }
    return errors;
}

}  // namespace

TEST_CASE("the sample server file is valid as it stands", "[unit]") {
    const auto file = load_server(kRepository + "/config/pushonce.yaml");
    CHECK(file.store.url == "sqlite:" + kRepository + "/var/pushonce.db");
    CHECK(file.journal.dir == kRepository + "/var/journal");
    CHECK(file.gateways.size() == 2);
    CHECK(file.gateway("apns")->keys.at("environment") == "sandbox");
}

TEST_CASE("the sample campaign is valid as it stands", "[unit]") {
    const auto file = load_campaign(kRepository + "/config/sample-campaign.yaml");
    CHECK(file.name.text() == "spring-sale-2027");
    CHECK(file.template_path == kRepository + "/templates/promo.yaml");
    CHECK(file.audience.file == kRepository + "/config/audiences/sample.csv");
    CHECK(file.message.locales.size() == 2);
    CHECK(file.message.blocks.at("apns") ==
          R"({"aps":{"sound":"default","thread-id":"promotions"}})");
    CHECK(file.settings.rate_per_second == 5000);
    CHECK(file.settings.deadline_after == 24h);
}

TEST_CASE("no mutation of the server file does worse than a ConfigError", "[fuzz]") {
    const ConfigFolder folder;
    const auto sample = SourceFile::read(kRepository + "/config/pushonce.yaml").text;
    const auto errors = errors_of(sample, 1, 1'000, "s.yaml", [&](const std::string& text) {
        load_server(folder.write("s.yaml", text));
    });
    CHECK(errors > 250);
    CHECK(errors < 1'000);
}

TEST_CASE("no mutation of the campaign file does worse than a ConfigError", "[fuzz]") {
    const ConfigFolder folder;
    folder.write("audiences/sample.csv", "appid\n");
    folder.write("templates/promo.yaml", "default: en\nlocales: {en: {}}\n");
    const auto sample = SourceFile::read(kRepository + "/config/sample-campaign.yaml").text;
    const auto errors = errors_of(sample, 2, 1'000, "c.yaml", [&](const std::string& text) {
        load_campaign(folder.write("c.yaml", text));
    });
    CHECK(errors > 250);
    CHECK(errors < 1'000);
}

TEST_CASE("no mutation of the template does worse than a ConfigError", "[fuzz]") {
    const ConfigFolder folder;
    const auto sample = SourceFile::read(kRepository + "/templates/promo.yaml").text;
    const auto errors = errors_of(sample, 3, 1'000, "t.yaml", [&](const std::string& text) {
        Message message;
        Problems problems;
        read_template_file(folder.write("t.yaml", text), message, problems);
        problems.throw_if_any();
    });
    CHECK(errors > 250);
    CHECK(errors < 1'000);
}
