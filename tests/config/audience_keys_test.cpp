#include <string>
#include <vector>

#include "config/campaign_file.h"
#include "config/config_folder.h"
#include "support/catch.h"

using namespace dispatcher;
using dispatcher::test::ConfigFolder;

namespace {

using Kind = AudiencePart::Kind;
using Names = std::vector<std::string>;

class AudienceFolder : public ConfigFolder {
  public:
    AudienceFolder() {
        write("a.csv", "appid,token\n");
        write("optouts.csv", "appid\n");
        write("templates/promo.yaml", "default: en\nlocales: {en: {title: T}}\n");
    }
    /// A campaign whose audience has these keys; the first of them is in line 5.
    CampaignFile load(const std::string& keys) const {
        return load_campaign_file(write("c.yaml",
                                        "campaign: sale\ngateway: apns\nmessage: {template: "
                                        "promo}\naudience:\n" +
                                            keys),
                                  {}, {"apns"}, {"crm", "shop"});
    }
    [[nodiscard]] std::string problem(const std::string& keys) const {
        return problem_of([&] { load(keys); });
    }
};

}  // namespace

TEST_CASE("an audience may be a file, a query or a campaign", "[unit]") {
    const AudienceFolder folder;
    const auto file = folder.load("  file: a.csv\n").audience;
    CHECK(file.part.kind == Kind::file);
    CHECK(file.part.file == "a.csv");
    CHECK(file.file == folder.file("a.csv"));

    const auto query = folder.load("  source: crm\n  query: SELECT appid FROM d\n").audience;
    CHECK(query.part.kind == Kind::query);
    CHECK(query.part.source == "crm");
    CHECK(query.part.query == "SELECT appid FROM d");
    CHECK(query.place == folder.file("c.yaml") + ":6:10");
    CHECK(query.file.empty());

    const auto campaign =
        folder.load("  campaign: winter#test-1\n  outcomes: [undelivered, rejected]\n").audience;
    CHECK(campaign.part.kind == Kind::campaign);
    CHECK(campaign.part.campaign == "winter#test-1");
    CHECK(campaign.part.outcomes == Names{"rejected", "undelivered"});
    CHECK(folder.load("  campaign: winter\n").audience.part.outcomes.empty());
}

TEST_CASE("exclusions are read in their order", "[unit]") {
    const AudienceFolder folder;
    const auto exclude = folder
                             .load(
                                 "  file: a.csv\n  exclude:\n    - {file: optouts.csv}\n"
                                 "    - {source: shop, query: SELECT appid FROM x}\n"
                                 "    - {campaign: winter, outcomes: [delivered]}\n")
                             .audience.exclude;
    REQUIRE(exclude.size() == 3);
    CHECK(exclude[0].file == folder.file("optouts.csv"));
    CHECK(exclude[1].part.source == "shop");
    CHECK(exclude[1].place == folder.file("c.yaml") + ":8:29");
    CHECK(exclude[2].part.outcomes == Names{"delivered"});
}

TEST_CASE("mistakes about where an audience comes from are told at their place", "[unit]") {
    const AudienceFolder folder;
    CHECK(folder.problem("  file: a.csv\n  source: crm\n  query: SELECT 1\n") ==
          "c.yaml:6:11: audience.source belongs to a query\n"
          "c.yaml:7:10: audience.query beside audience.file: give one of file, source with query, "
          "and campaign");
    CHECK(folder.problem("  source: crm\n") == "c.yaml:5:3: audience.query is missing");
    CHECK(folder.problem("  query: SELECT 1\n") == "c.yaml:5:3: audience.source is missing");
    CHECK(folder.problem("  source: cmr\n  query: SELECT 1\n") ==
          "c.yaml:5:11: unknown source 'cmr'; did you mean 'crm'?");
    CHECK(folder.problem("  source: crm\n  query: DELETE FROM d\n") ==
          "c.yaml:6:10: audience.query must only read: it begins with DELETE, not with SELECT or "
          "WITH");
    CHECK(folder.problem("  file: a.csv\n  outcomes: [rejected]\n") ==
          "c.yaml:6:13: audience.outcomes belongs to a campaign");
    CHECK(folder.problem("  campaign: winter\n  outcomes: [rejcted]\n") ==
          "c.yaml:6:14: audience.outcomes: 'rejcted' is no outcome of the report; did you mean "
          "'rejected'?");
    CHECK(folder.problem("  campaign: winter\n  outcomes: rejected\n") ==
          "c.yaml:6:13: audience.outcomes must be a list such as [rejected, undelivered]");
    CHECK(folder.problem("  campaign: sale\n") ==
          "c.yaml:5:13: audience.campaign: a campaign cannot ask for its own outcomes; `pushonce "
          "restart sale` takes up what is left of it");
}

TEST_CASE("mistakes in exclusions are told at their place", "[unit]") {
    const AudienceFolder folder;
    const auto problem = [&](const std::string& exclude) {
        return folder.problem("  file: a.csv\n  exclude: " + exclude + "\n");
    };
    CHECK(problem("{file: optouts.csv}") ==
          "c.yaml:6:12: audience.exclude must be a list such as [{file: optouts.csv}]");
    CHECK(problem("[{fiel: optouts.csv}]") ==
          "c.yaml:6:13: audience.exclude[0].file is missing\n"
          "c.yaml:6:14: unknown key 'fiel' in audience.exclude[0]; did you mean 'file'?");
    CHECK(problem("[{file: none.csv}]") ==
          "c.yaml:6:20: audience.exclude[0].file: none.csv does not exist");
    CHECK(problem("[{campaign: sale}]").find("c.yaml:6:24: audience.exclude[0].campaign: ") == 0);
    CHECK(folder.problem("  file: \"-\"\n  exclude: [{file: \"-\"}]\n") ==
          "c.yaml:5:3: audience: stdin (-) stands for two files, and can be read once");
}

TEST_CASE("a refresh is a query for some devices and the share that may be gone", "[unit]") {
    const AudienceFolder folder;
    const std::string refresh =
        "  file: a.csv\n  refresh:\n    source: crm\n"
        "    query: SELECT appid, token FROM d WHERE appid IN (:appids)\n";
    const auto file = folder.load(refresh);
    REQUIRE(file.audience.refresh.has_value());
    CHECK(file.audience.refresh->part.source == "crm");
    CHECK(file.audience.refresh->place == folder.file("c.yaml") + ":8:12");
    CHECK(file.settings.max_gone == 0.2);
    CHECK(folder.load(refresh + "    max_gone: 2.5%\n").settings.max_gone == 0.025);
    CHECK_FALSE(folder.load("  file: a.csv\n").audience.refresh.has_value());

    CHECK(folder.problem("  file: a.csv\n  refresh: x\n") ==
          "c.yaml:6:12: audience.refresh must be a map of keys and values, but is a single value");
    CHECK(folder.problem("  file: a.csv\n  refresh: {source: cmr}\n") ==
          "c.yaml:6:12: audience.refresh.query is missing\n"
          "c.yaml:6:21: unknown source 'cmr'; did you mean 'crm'?");
    CHECK(folder.problem("  file: a.csv\n  refresh: {source: crm, query: SELECT 1}\n") ==
          "c.yaml:6:33: audience.refresh.query must ask for the devices whose turn it is: write "
          "WHERE appid IN (:appids)");
    CHECK(folder.problem(refresh + "    max_gone: 20\n") ==
          "c.yaml:9:15: audience.refresh.max_gone: '20' is not a share from 0% to 100%, such as "
          "20%");
}
