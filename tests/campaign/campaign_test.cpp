#include "campaign/campaign.h"

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/catch.h"

using namespace dispatcher;
using namespace std::chrono_literals;

namespace {

Campaign sample() {
    Campaign campaign;
    campaign.name = *CampaignName::parse("spring-sale");
    campaign.once_per = "spring";
    campaign.message.default_locale = "en";
    campaign.message.locales["en"] = {"Sale", "Hi {{name}}", "", "https://x/", {{"k", "v"}}};
    campaign.message.locales["de"] = {"Verkauf", "Hallo", "", "", {}};
    campaign.message.blocks["apns"] = R"({"aps":{"sound":"default","badge":1}})";
    campaign.message.data = {{"discount", "20"}};
    campaign.message.ttl = 12h;
    campaign.message.collapse = CollapseMode::key;
    campaign.message.collapse_key = "{{city}}";
    campaign.gateways = {{"apns", "apns", "api.push.apple.com, topic com.example, production"}};
    campaign.audience.recipients = 3;
    campaign.audience.sha256 = Sha256::of("audience");
    campaign.audience.columns = {"token", "name"};
    campaign.in_doubt = InDoubtPolicy::resend;
    return campaign;
}

std::vector<std::string> changed(const std::function<void(Campaign&)>& change) {
    auto now = sample();
    change(now);
    return differences(sample(), now);
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("the sealed form of a campaign is canonical and never changes", "[unit]") {
    CHECK(sample().to_json() ==
          R"({"audience":{"columns":["token","name"],"recipients":3,"sha256":")"
          R"(adf0e0999386dae758e1d6ae48e7a28a1acfb26dd73dbc91ad134cec70ca7aa0"},"format":1,)"
          R"("gateways":[{"name":"apns","target":"api.push.apple.com, topic com.example, )"
          R"(production","type":"apns"}],"in_doubt":"resend","message":{"blocks":{"apns":)"
          R"("{\"aps\":{\"sound\":\"default\",\"badge\":1}}"},"collapse":"key","collapse_key":)"
          R"("{{city}}","data":{"discount":"20"},"default_locale":"en","locales":{"de":{"body":)"
          R"("Hallo","data":{},"image":"","link":"","title":"Verkauf"},"en":{"body":"Hi {{name}}",)"
          R"("data":{"k":"v"},"image":"","link":"https://x/","title":"Sale"}},"priority":"high",)"
          R"("ttl_s":43200},"name":"spring-sale","once_per":"spring"})");
}

TEST_CASE("a campaign comes back from its sealed form", "[unit]") {
    const auto text = sample().to_json();
    const auto campaign = Campaign::from_json(text);
    CHECK(campaign.to_json() == text);
    CHECK(campaign.name == sample().name);
    CHECK(campaign.message == sample().message);
    CHECK(campaign.gateways == sample().gateways);
    CHECK(campaign.audience == sample().audience);
    CHECK(campaign.in_doubt == InDoubtPolicy::resend);
    CHECK(differences(sample(), campaign).empty());
}

TEST_CASE("a text that is not ours is refused whole", "[unit]") {
    const auto text = sample().to_json();
    for (std::size_t cut = 0; cut < text.size(); cut += 7)
        CHECK_THROWS_AS(Campaign::from_json(text.substr(0, cut)), std::invalid_argument);
    const auto replaced = [&](const std::string& from, const std::string& to) {
        auto other = text;
        const auto at = other.find(from);
        REQUIRE(at != std::string::npos);
        return other.replace(at, from.size(), to);
    };
    for (const auto& other :
         {replaced("\"format\":1", "\"format\":2"), replaced("\"resend\"", "\"hope\""),
          replaced("\"once_per\"", "\"once_pre\""),
          replaced("\"recipients\":3", "\"recipients\":-3"),
          replaced("\"recipients\":3", "\"recipients\":\"3\""),
          replaced("\"format\":1", "\"format\":1,\"variants\":[]"),
          replaced("\"ttl_s\":43200", "\"ttl_s\":43200.5"), replaced("\"Verkauf\"", "7"),
          replaced("[\"token\",\"name\"]", "[\"token\",1]"),
          replaced("\"sha256\":\"", "\"sha256\":\"0"), std::string("[]"), std::string("null")})
        CHECK_THROWS_AS(Campaign::from_json(other), std::invalid_argument);
}

TEST_CASE("what changed after sealing is told in words", "[unit]") {
    CHECK(changed([](Campaign& c) { c.message.locales["en"].title = "Big sale"; }) ==
          Lines{R"(message.locales.en.title: was "Sale", is "Big sale")"});
    CHECK(changed([](Campaign& c) { c.message.data["code"] = "X"; }) ==
          Lines{R"(message.data.code: was not there, is "X")"});
    CHECK(changed([](Campaign& c) { c.message.locales.erase("de"); }) ==
          Lines{R"(message.locales.de.body: was "Hallo", is not there)",
                R"(message.locales.de.title: was "Verkauf", is not there)"});
    CHECK(changed([](Campaign& c) { c.message.ttl = 1h; }) ==
          Lines{"message.ttl: was 43200s, is 3600s"});
    CHECK(changed([](Campaign& c) { c.message.collapse = CollapseMode::automatic; }) ==
          Lines{R"(message.collapse: was key "{{city}}", is auto)"});
    CHECK(changed([](Campaign& c) { c.message.blocks["apns"] = R"({"aps":{"badge":2}})"; }) ==
          Lines{"message.apns.aps.badge: was 1, is 2",
                R"(message.apns.aps.sound: was "default", is not there)"});
    CHECK(changed([](Campaign& c) { c.gateways[0].target = "sandbox"; }) ==
          Lines{"gateway.apns: was apns to api.push.apple.com, topic com.example, production, is "
                "apns to sandbox"});
    CHECK(changed([](Campaign& c) { c.in_doubt = InDoubtPolicy::hold; }) ==
          Lines{"delivery.in_doubt: was resend, is hold"});
    CHECK(changed([](Campaign& c) { c.audience.recipients = 4; }) ==
          Lines{"audience.recipients: was 3, is 4"});
    CHECK(changed([](Campaign& c) { c.audience.columns.pop_back(); }) ==
          Lines{"audience.columns: was token, name, is token"});
}

TEST_CASE("a block whose keys changed places is another campaign and says so", "[unit]") {
    CHECK(changed([](Campaign& c) {
              c.message.blocks["apns"] = R"({"aps":{"badge":1,"sound":"default"}})";
          }) == Lines{"message: the keys of a gateway's block stand in another order"});
}

TEST_CASE("every change of the sealed form shows in the differences", "[unit]") {
    const std::vector<std::function<void(Campaign&)>> changes = {
        [](Campaign& c) { c.name = CampaignName::from_store("other"); },
        [](Campaign& c) { c.once_per = "other"; },
        [](Campaign& c) { c.message.default_locale = "de"; },
        [](Campaign& c) { c.message.locales["en"].body = "x"; },
        [](Campaign& c) { c.message.locales["en"].image = "x"; },
        [](Campaign& c) { c.message.locales["en"].link = "x"; },
        [](Campaign& c) { c.message.locales["en"].data["k"] = "x"; },
        [](Campaign& c) { c.message.blocks["fcm"] = "{}"; },
        [](Campaign& c) { c.message.priority = Priority::normal; },
        [](Campaign& c) { c.message.collapse_key = "x"; },
        [](Campaign& c) { c.gateways[0].name = "x"; },
        [](Campaign& c) { c.gateways[0].type = "x"; },
        [](Campaign& c) {
            c.gateways.push_back({"b", "b", "b"});
        },
        [](Campaign& c) { c.audience.sha256[0] ^= 1; },
    };
    for (const auto& change : changes)
        CHECK_FALSE(changed(change).empty());
}

TEST_CASE("long texts are shown where they differ", "[unit]") {
    auto was = sample();
    was.message.locales["en"].body = std::string(300, 'a') + "Sale" + std::string(300, 'b');
    auto is = sample();
    is.message.locales["en"].body = std::string(300, 'a') + "Tale" + std::string(300, 'b');
    const auto lines = differences(was, is);
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].find("aaaSale") != std::string::npos);
    CHECK(lines[0].find("aaaTale") != std::string::npos);
    CHECK(lines[0].size() < 260);
}

TEST_CASE("no more differences are told than asked for", "[unit]") {
    auto now = sample();
    for (int i = 0; i < 50; ++i)
        now.message.data["key" + std::to_string(i)] = "x";
    CHECK(differences(sample(), now).size() == 20);
    CHECK(differences(sample(), now, 3).size() == 3);
    CHECK(differences(sample(), now, 0).empty());
}

TEST_CASE("settings come back from their JSON", "[unit]") {
    Settings settings;
    settings.rate_per_second = 1.0 / 3;
    settings.retry = {.attempts = 9, .first = 250ms, .max = 2min};
    CHECK(Settings::from_json(settings.to_json()).to_json() == settings.to_json());
    CHECK_FALSE(Settings::from_json(settings.to_json()).deadline_after.has_value());
    settings.deadline_after = 24h;
    settings.deadline_at = WallTime{1'800'000'000'123ms};
    const auto back = Settings::from_json(settings.to_json());
    CHECK(back.rate_per_second == settings.rate_per_second);
    CHECK(back.retry.attempts == 9);
    CHECK(back.retry.first == 250ms);
    CHECK(back.retry.max == 2min);
    CHECK(back.deadline_after == settings.deadline_after);
    CHECK(back.deadline_at == settings.deadline_at);
    CHECK_THROWS_AS(Settings::from_json("{}"), std::invalid_argument);
    CHECK_THROWS_AS(Settings::from_json(R"({"format":1,"rate_per_second":1,"retry":{}})"),
                    std::invalid_argument);
}

TEST_CASE("a recipient gets the best locale that the message has", "[unit]") {
    Message message;
    message.default_locale = "en";
    for (const auto* locale : {"en", "de", "de-AT", "pt-BR", "zh-Hant"})
        message.locales[locale];
    CHECK(best_locale(message, "de-AT") == "de-AT");
    CHECK(best_locale(message, "de_at") == "de-AT");
    CHECK(best_locale(message, "de-CH") == "de");
    CHECK(best_locale(message, "zh-Hant-TW") == "zh-Hant");
    CHECK(best_locale(message, "DE") == "de");
    CHECK(best_locale(message, "pt") == "en");
    CHECK(best_locale(message, "deu") == "en");
    CHECK(best_locale(message, "fr-FR") == "en");
    CHECK(best_locale(message, "") == "en");
    CHECK(best_locale(message, "-") == "en");
}
