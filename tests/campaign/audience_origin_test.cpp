#include "campaign/audience_origin.h"

#include "campaign/campaign.h"
#include "support/catch.h"

using namespace dispatcher;

namespace {

AudiencePart query_part(const std::string& query) {
    AudiencePart part;
    part.kind = AudiencePart::Kind::query;
    part.source = "crm";
    part.target = "mysql://ro@db/crm";
    part.query = query;
    return part;
}

AudiencePart file_part(const std::string& file, const std::string& sha256 = {}) {
    AudiencePart part;
    part.file = file;
    part.content_sha256 = sha256;
    return part;
}

Campaign with(const AudiencePart& members, const std::vector<AudiencePart>& exclude = {}) {
    Campaign campaign;
    campaign.name = *CampaignName::parse("sale");
    campaign.once_per = "sale";
    campaign.audience.recipients = 3;
    campaign.audience.sha256 = Sha256::of("members");
    campaign.audience.origin = AudienceOrigin{members, exclude, {}};
    return campaign;
}

/// Whether `now`, whose audience was not read, is the sealed campaign; its differences if not.
std::vector<std::string> judged(const Campaign& sealed, Campaign now) {
    keep_sealed_audience(sealed, now);
    if (now.to_json() == sealed.to_json()) return {};
    return differences(sealed, now);
}

Campaign unread(const AudiencePart& members, const std::vector<AudiencePart>& exclude = {}) {
    auto campaign = with(members, exclude);
    campaign.audience.recipients = 0;
    campaign.audience.sha256 = {};
    return campaign;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("where an audience came from comes back from its sealed form", "[unit]") {
    auto campaign =
        with(query_part("SELECT 1"), {file_part("x.csv", "ab"), query_part("SELECT 2")});
    AudiencePart other;
    other.kind = AudiencePart::Kind::campaign;
    other.campaign = "winter";
    other.outcomes = {"delivered", "in_doubt"};
    other.excluded = 7;
    campaign.audience.origin->exclude.push_back(other);
    campaign.audience.origin->on_shared_token = OnSharedToken::first;
    campaign.audience.excluded = 7;
    const auto text = campaign.to_json();
    CHECK(Campaign::from_json(text).audience == campaign.audience);
    CHECK(Campaign::from_json(text).to_json() == text);
}

TEST_CASE("a query's sealed members stand, whatever it would find today", "[unit]") {
    const auto sealed = with(query_part("SELECT 1"));
    CHECK(judged(sealed, unread(query_part("SELECT 1"))) == Lines{});
    auto read_anew = with(query_part("SELECT 1"));
    read_anew.audience.sha256 = Sha256::of("others");
    read_anew.audience.recipients = 9;
    CHECK(judged(sealed, read_anew) == Lines{});
    auto moved = query_part("SELECT 1");
    moved.target = "mysql://ro@db2/crm";
    CHECK(judged(sealed, unread(moved)) == Lines{});
}

TEST_CASE("another definition is another audience and says only that", "[unit]") {
    const auto sealed = with(query_part("SELECT 1"), {file_part("x.csv", "ab")});
    CHECK(judged(sealed, unread(query_part("SELECT 2"), {file_part("x.csv", "ab")})) ==
          Lines{"audience.from: was source crm (mysql://ro@db/crm): SELECT 1, is source crm "
                "(mysql://ro@db/crm): SELECT 2"});
    CHECK(judged(sealed, unread(query_part("SELECT 1"))) ==
          Lines{"audience.exclude[0]: was file x.csv, sha256 ab, is not there"});
    CHECK(judged(sealed, unread(query_part("SELECT 1"), {file_part("x.csv", "cd")})) ==
          Lines{"audience.exclude[0]: was file x.csv, sha256 ab, is file x.csv, sha256 cd"});
    CHECK(judged(sealed, unread(query_part("SELECT 1"), {file_part("y.csv", "ab")})) == Lines{});
    CHECK(judged(with(file_part("a.csv")), unread(query_part("SELECT 1"))).size() == 1);
    CHECK(judged(sealed, with(file_part("a.csv"))).size() >= 1);
}

TEST_CASE("an audience of files is compared by content, whatever they are called", "[unit]") {
    const auto sealed = with(file_part("a.csv"), {file_part("x.csv")});
    CHECK(judged(sealed, with(file_part("b.csv"), {file_part("y.csv")})) == Lines{});
    auto changed = with(file_part("a.csv"), {file_part("x.csv")});
    changed.audience.recipients = 4;
    CHECK(judged(sealed, changed) == Lines{"audience.recipients: was 3, is 4"});
    auto before_origins = sealed;
    before_origins.audience.origin.reset();
    CHECK(judged(before_origins, with(file_part("a.csv"))) == Lines{});
}

TEST_CASE("where addresses are looked up is sealed, whatever the audience is made of", "[unit]") {
    for (const auto& members : {file_part("a.csv"), query_part("SELECT 1")}) {
        auto sealed = with(members);
        sealed.audience.origin->refresh = query_part("SELECT 2");
        CHECK(Campaign::from_json(sealed.to_json()).audience == sealed.audience);
        CHECK(judged(sealed, sealed) == Lines{});
        auto moved = sealed;
        moved.audience.origin->refresh->target = "mysql://ro@db2/crm";
        CHECK(judged(sealed, moved) == Lines{});
        auto changed = sealed;
        changed.audience.origin->refresh->query = "SELECT 3";
        CHECK(judged(sealed, changed) ==
              Lines{"audience.refresh: was source crm (mysql://ro@db/crm): SELECT 2, is source crm "
                    "(mysql://ro@db/crm): SELECT 3"});
        CHECK(
            judged(sealed, with(members)) ==
            Lines{"audience.refresh: was source crm (mysql://ro@db/crm): SELECT 2, is not there"});
        CHECK(judged(with(members), sealed).size() == 1);
    }
}
