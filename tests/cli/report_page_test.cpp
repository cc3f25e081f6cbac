// The page against its golden file: `PUSHONCE_UPDATE_GOLDEN=1 cli_test` writes it anew.
#include "cli/report_page.h"

#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>

#include <fmt/format.h>

#include "cli/rate_chart.h"
#include "support/catch.h"

namespace dispatcher::cli {
namespace {

using std::chrono::milliseconds;

constexpr WallTime kStart{milliseconds(1'803'891'600'000)};
constexpr auto kAttack = "</title></style></script><img src=x onerror=alert(1)>\"'&";

CampaignRecord record() {
    CampaignRecord made;
    made.name = CampaignName::from_store("spring-sale-2027");
    made.head.state = CampaignState::done_with_doubt;
    made.campaign.name = made.name;
    made.campaign.once_per = "spring-sale";
    made.campaign.message.default_locale = "en";
    made.campaign.message.locales["en"].title = "{{discount}} % off";
    made.campaign.message.locales["en"].body = "Hello {{first_name}}, today only.";
    made.campaign.message.locales["de"].title = "{{discount}} % Rabatt";
    made.campaign.message.locales["de"].body = "Hallo {{first_name}}, nur heute.";
    made.campaign.gateways = {{"apns", "apns", "api.push.apple.com com.example.app production"},
                              {"fcm", "fcm", "project example"}};
    made.campaign.audience.recipients = 2412;
    made.sealed_at = kStart - milliseconds(61'000);
    made.sealed_by = "olga@office";
    made.started_at = kStart;
    return made;
}

ReportLine line(std::string_view appid, ReportOutcome outcome, std::string reason = {}) {
    ReportLine made;
    made.campaign = "spring-sale-2027";
    made.appid = appid;
    made.reported = {outcome, std::move(reason)};
    made.gateway = "apns";
    made.tries = 1;
    made.claims = 1;
    made.locale = "en";
    return made;
}

ReportDigest digest() {
    ReportDigest made;
    for (int i = 0; i < 2300; ++i) {
        auto each = line("d", ReportOutcome::delivered);
        if (i % 3 == 0) each.locale = "de";
        if (i % 5 == 0) each.gateway = "fcm";
        each.settled_at = kStart + milliseconds(i * 20);
        made.add(each);
    }
    for (int i = 0; i < 7; ++i)
        made.add(line("d", ReportOutcome::rejected, "unregistered"));
    made.add(line("d", ReportOutcome::skipped, "already_by:winter-sale"));
    for (int i = 0; i < 104; ++i)
        made.add(line(fmt::format("d-{:06}", i), ReportOutcome::in_doubt,
                      "timeout:2027-03-01T09:00:03.123Z"));
    return made;
}

std::string page_of(const CampaignRecord& made, const ReportDigest& gathered,
                    std::vector<AuditRow> orders = {}) {
    std::ostringstream out;
    write_page(out, {made, gathered, std::move(orders), kStart + milliseconds(3'600'000)});
    return out.str();
}

std::vector<AuditRow> orders() {
    return {{kStart - milliseconds(61'000), "spring-sale-2027", "olga@office", "command line",
             "launch", "sealed", ""},
            {kStart + milliseconds(9'000), "spring-sale-2027", "eve@night", "command line", "pause",
             "", "typo in the German title"}};
}

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
        ++found;
    return found;
}

}  // namespace

TEST_CASE("the page is as its golden file shows it") {
    const std::string path = PUSHONCE_SOURCE_DIR "/tests/cli/golden/report_page.html";
    auto page = page_of(record(), digest(), orders());
    const auto style = page.find("<style>");
    page.erase(style, page.find("</style>") - style);
    if (std::getenv("PUSHONCE_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << page;
    std::ostringstream golden;
    golden << std::ifstream(path).rdbuf();
    CHECK(page == golden.str());
}

TEST_CASE("the page asks for nothing outside itself and runs nothing") {
    const auto page = page_of(record(), digest(), orders());
    for (const auto* const outside : {"http:", "https:", "//", "src=", "href=", "url(", "@import",
                                      "<script", "<iframe", "<link", "javascript:", "onload"})
        CHECK(count(page, outside) == 0);
    CHECK(count(page, "default-src 'none'") == 1);
    CHECK(count(page, "@media print") == 1);
}

TEST_CASE("the page has a title, a language, captions and a described picture") {
    const auto page = page_of(record(), digest(), orders());
    CHECK(count(page, "<html lang=\"en\">") == 1);
    CHECK(count(page, "<title>spring-sale-2027") == 1);
    CHECK(count(page, "<h1>") == 1);
    CHECK(count(page, "<table>") == count(page, "<caption>"));
    CHECK(count(page, "<table>") == 5);
    CHECK(count(page, "role=\"img\" aria-labelledby=\"rate-title rate-desc\"") == 1);
    CHECK(count(page, "<desc id=\"rate-desc\">") == 1);
    CHECK(count(page, "<th>") == 0);  // every head has its scope
}

TEST_CASE("every element that is opened is closed") {
    const auto page = page_of(record(), digest(), orders());
    for (const auto* const element :
         {"html",  "head", "body", "main",   "header", "section", "table", "thead",
          "tbody", "tr",   "td",   "th",     "figure", "svg",     "dl",    "dd",
          "dt",    "ul",   "li",   "footer", "bdi",    "p",       "div",   "time",
          "code",  "b",    "i",    "rect",   "style",  "article", "h1",    "h2"}) {
        CAPTURE(element);
        const std::regex opened(fmt::format("<{}[ >]", element));
        const auto opens = static_cast<std::size_t>(
            std::distance(std::sregex_iterator(page.begin(), page.end(), opened), {}));
        CHECK(opens == count(page, fmt::format("</{}>", element)));
    }
}

TEST_CASE("devices in doubt are itemised up to a bound, and the rest has its command") {
    const auto page = page_of(record(), digest());
    CHECK(count(page, "class=\"mono\"><bdi>d-") == ReportDigest::kDoubtfulMax);
    CHECK(count(page, "And 4 more: <code>pushonce report spring-sale-2027 --format csv</code>") ==
          1);
}

TEST_CASE("whatever a name, a reason, a message or a device says, it stays text") {
    auto made = record();
    const std::string attack = kAttack;
    made.name = CampaignName::from_store(attack);
    made.campaign.once_per = attack + "2";
    made.sealed_by = made.cause = attack;
    made.campaign.message.default_locale = attack;
    made.campaign.message.locales = {{attack, {attack, attack, attack, attack, {}}}};
    made.campaign.gateways = {{attack, attack, attack}};
    ReportDigest gathered;
    auto each = line(attack, ReportOutcome::in_doubt, attack + ":" + attack);
    each.gateway = each.locale.emplace(attack);
    gathered.add(each);
    gathered.add(line(attack, ReportOutcome::skipped, "already_by:" + attack));
    const auto page =
        page_of(made, gathered, {{kStart, attack, attack, attack, attack, attack, attack}});
    CHECK(count(page, "<img") == 0);
    CHECK(count(page, "onerror=alert(1)>") == 0);
    CHECK(count(page, "</title>") == 1);
    CHECK(count(page, "</style>") == 1);
    CHECK(count(page, "&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;") > 15);
}

TEST_CASE("a campaign of which nothing was sent has a page, too") {
    auto made = record();
    made.started_at.reset();
    ReportDigest gathered;
    gathered.add(line("d-1", ReportOutcome::pending));
    const auto page = page_of(made, gathered);
    CHECK(count(page, "No gateway has accepted") == 1);
    CHECK(count(page, "<svg") == 0);
    CHECK(count(page, "nan") == 0);
}

TEST_CASE("a share is never rounded to all or to nothing") {
    ReportDigest gathered;
    for (int i = 0; i < 9'999; ++i)
        gathered.add(line("d", ReportOutcome::delivered));
    gathered.add(line("d", ReportOutcome::rejected, "unregistered"));
    const auto page = page_of(record(), gathered);
    CHECK(count(page, "<span>delivered</span><span>99.9 %</span>") == 1);
    CHECK(count(page, "<span>rejected</span><span>&lt; 0.1 %</span>") == 1);
    CHECK(count(page, "100 %") == 0);
}

TEST_CASE("the picture of one second and that of a week have readable axes") {
    ReportTimeline second;
    second.add(kStart);
    CHECK(count(rate_chart(second), "<rect") == 1);
    CHECK(count(rate_chart(second), "09:00:0") > 1);
    ReportTimeline week;
    for (int hour = 0; hour < 24 * 7; ++hour)
        week.add(kStart + std::chrono::hours(hour));
    const auto chart = rate_chart(week);
    CHECK(count(chart, "class=\"x\"") >= 3);
    CHECK(count(chart, "class=\"x\"") <= 8);
    CHECK(count(chart, ">03-0") >= 3);
    CHECK(rate_chart(ReportTimeline()).empty());
}

}  // namespace dispatcher::cli
