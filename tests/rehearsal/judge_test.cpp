#include "rehearsal/judge.h"

#include <filesystem>

#include "base/sha256.h"
#include "campaign/notification.h"
#include "support/catch.h"
#include "support/temporary_folder.h"

namespace dispatcher {
namespace {

constexpr auto kCampaign = "sale";

std::string id_of(std::string_view appid) {
    return std::string(NotificationKey(kCampaign, appid).id());
}

std::string token_of(std::string_view appid) {
    return "token-" + std::string(appid);
}

/// A campaign to three devices, of which one is in doubt by a kill, and what may be forged of it.
struct Trial {
    struct Line {
        std::string appid;
        ReportOutcome outcome;
        std::string reason;
        std::uint16_t claims = 1;
    };
    JudgeTerms terms;
    std::vector<std::string> members = {"a", "b", "c"};
    std::vector<Line> lines = {{"a", ReportOutcome::delivered, ""},
                               {"b", ReportOutcome::rejected, "unregistered"},
                               {"c", ReportOutcome::in_doubt, "killed:2027-03-01T09:00:03.123Z"}};
    /// Appid and token of what the gateway accepted.
    std::vector<std::pair<std::string, std::string>> accepted = {{"a", token_of("a")},
                                                                 {"c", token_of("c")}};

    Trial() {
        terms.campaign = kCampaign;
        terms.doubt_by_kills_max = 1;
    }

    /// The counts of status follow from the lines unless a test sets them.
    Verdict judge(bool counts_follow = true) {
        test::TemporaryFolder folder;
        ScratchSpace space(folder.path());
        if (counts_follow)
            for (const auto& line : lines)
                ++terms.counts.by_outcome[static_cast<std::size_t>(line.outcome)];
        Judge judge(space, terms);
        for (const auto& member : members)
            judge.add_member(member, token_of(member));
        for (const auto& line : lines)
            judge.add_line(line.appid, id_of(line.appid), {line.outcome, line.reason}, line.claims);
        for (const auto& [appid, token] : accepted)
            judge.add_accepted(id_of(appid), token);
        return judge.finish();
    }
};

/// The ids of the invariants that are violated, with a blank behind each.
std::string violated(const Verdict& verdict) {
    std::string ids;
    for (const auto& judged : verdict.invariants)
        if (!judged.holds()) ids += judged.id + " ";
    return ids;
}

}  // namespace

TEST_CASE("a campaign in which all is well passes", "[unit]") {
    Trial trial;
    const auto verdict = trial.judge();
    CHECK(violated(verdict).empty());
    CHECK(verdict.holds());
    CHECK(verdict.members == 3);
    CHECK(verdict.accepted == 2);
    CHECK(verdict.doubt_by_kills == 1);
    CHECK(verdict.doubt_by_answers == 0);
}

TEST_CASE("a line twice in the ledger violates I1", "[unit]") {
    Trial trial;
    trial.accepted.emplace_back("a", token_of("a"));
    const auto verdict = trial.judge();
    CHECK(violated(verdict) == "I1 ");
    CHECK(verdict.invariants[0].violations == 1);
    CHECK(verdict.invariants[0].examples.at(0) == "a was accepted 2 times");
}

TEST_CASE("the policy resend allows as many lines as claims, and no more", "[unit]") {
    Trial trial;
    trial.terms.may_resend = true;
    trial.lines[0].claims = 2;
    trial.accepted.emplace_back("a", token_of("a"));
    const auto allowed = trial.judge();
    CHECK(allowed.holds());
    CHECK(allowed.accepted_again == 1);

    Trial beyond;
    beyond.terms.may_resend = true;
    beyond.lines[0].claims = 2;
    beyond.accepted.insert(beyond.accepted.end(), 2, {"a", token_of("a")});
    CHECK(violated(beyond.judge()) == "I1 ");
}

TEST_CASE("a line missing in the ledger violates I3", "[unit]") {
    Trial trial;
    trial.accepted.erase(trial.accepted.begin());
    CHECK(violated(trial.judge()) == "I3 ");

    Trial assumed;
    assumed.accepted.erase(assumed.accepted.begin());
    assumed.lines[0].reason = "assumed";
    CHECK(assumed.judge().holds());
}

TEST_CASE("a member on no report line, or on two, violates I2", "[unit]") {
    Trial none;
    none.lines.erase(none.lines.begin() + 1);
    CHECK(violated(none.judge()) == "I2 ");

    Trial two;
    two.lines.push_back(two.lines[1]);
    CHECK(violated(two.judge()) == "I2 ");

    Trial stranger;
    stranger.lines.push_back({"x", ReportOutcome::rejected, "unregistered"});
    CHECK(violated(stranger.judge()) == "I2 ");
}

TEST_CASE("who is pending at the end violates I2, and I4 if the gateway accepted it", "[unit]") {
    Trial trial;
    trial.lines[1] = {"b", ReportOutcome::pending, ""};
    CHECK(violated(trial.judge()) == "I2 ");

    Trial accepted;
    accepted.lines[0] = {"a", ReportOutcome::pending, ""};
    CHECK(violated(accepted.judge()) == "I2 I4 ");

    Trial unfinished;
    unfinished.terms.is_finished = false;
    unfinished.lines[1] = {"b", ReportOutcome::pending, ""};
    CHECK(unfinished.judge().holds());
}

TEST_CASE("what was settled as not sent, and was accepted, violates I5", "[unit]") {
    for (const auto outcome :
         {ReportOutcome::rejected, ReportOutcome::skipped, ReportOutcome::undelivered}) {
        Trial trial;
        trial.lines[1] = {"b", outcome, "expired"};
        trial.accepted.emplace_back("b", token_of("b"));
        CHECK(violated(trial.judge()) == "I5 ");
    }
}

TEST_CASE("what goes to nobody of the audience, or to another's token, violates I6", "[unit]") {
    Trial stranger;
    stranger.accepted.emplace_back("x", token_of("x"));
    const auto verdict = stranger.judge();
    CHECK(violated(verdict) == "I6 ");
    CHECK(verdict.invariants[5].examples.at(0) ==
          "?" + id_of("x") + " was accepted, and is not in the audience");

    Trial crossed;
    crossed.accepted[0].second = token_of("b");
    CHECK(violated(crossed.judge()) == "I6 ");

    Trial without_tokens;
    without_tokens.accepted[0].second.clear();
    CHECK(without_tokens.judge().holds());

    test::TemporaryFolder folder;
    ScratchSpace space(folder.path());
    JudgeTerms terms;
    terms.campaign = kCampaign;
    terms.counts.by_outcome[0] = 1;
    Judge judge(space, terms);
    judge.add_member("a", "");
    judge.add_line("a", id_of("a"), {ReportOutcome::delivered, ""}, 1);
    judge.add_accepted(id_of("a"), "an address that the audience does not tell");
    CHECK(judge.finish().holds());
}

TEST_CASE("doubt without a reason, or more than the kills explain, violates I7", "[unit]") {
    Trial silent;
    silent.lines[2].reason.clear();
    CHECK(violated(silent.judge()) == "I7 ");

    Trial much;
    much.terms.doubt_by_kills_max = 0;
    CHECK(violated(much.judge()) == "I7 ");

    Trial by_answer;
    by_answer.terms.doubt_by_kills_max = 0;
    by_answer.lines[2].reason = "stream_reset:2027-03-01T09:00:03.123Z";
    const auto verdict = by_answer.judge();
    CHECK(verdict.holds());
    CHECK(verdict.doubt_by_answers == 1);
}

TEST_CASE("counts that are not those of the lines violate I11", "[unit]") {
    Trial trial;
    trial.terms.counts.by_outcome[static_cast<std::size_t>(ReportOutcome::delivered)] = 3;
    CHECK(violated(trial.judge(false)) == "I11 ");
}

TEST_CASE("excluded members are counted, and never sent to", "[unit]") {
    Trial trial;
    trial.terms.excluded = 1;
    trial.lines.push_back({"e", ReportOutcome::skipped, "excluded"});
    CHECK(trial.judge().holds());

    Trial missing;
    missing.terms.excluded = 1;
    CHECK(violated(missing.judge()) == "I2 ");

    Trial sent;
    sent.terms.excluded = 1;
    sent.lines.push_back({"e", ReportOutcome::skipped, "excluded"});
    sent.accepted.emplace_back("e", token_of("e"));
    CHECK(violated(sent.judge()) == "I5 I6 ");
}

TEST_CASE("many violations are counted, a few are shown", "[unit]") {
    Trial trial;
    constexpr int kStrangers = 40;
    for (int i = 0; i < kStrangers; ++i)
        trial.accepted.emplace_back("x" + std::to_string(i), "t");
    const auto verdict = trial.judge();
    CHECK(verdict.invariants[5].violations == kStrangers);
    CHECK(verdict.invariants[5].examples.size() == 5);
}

TEST_CASE("an audience beyond the judge's memory is judged on disk", "[unit]") {
    constexpr int kDevices = 200'000;
    test::TemporaryFolder folder;
    ScratchSpace space(folder.path());
    JudgeTerms terms;
    terms.campaign = kCampaign;
    terms.counts.by_outcome[0] = kDevices;
    Judge judge(space, terms);
    const auto appid = [](int i) { return "device-with-a-rather-long-name-" + std::to_string(i); };
    for (int i = 0; i < kDevices; ++i)
        judge.add_member(appid(i), token_of(appid(i)));
    for (int i = kDevices; i-- > 0;)
        judge.add_line(appid(i), id_of(appid(i)), {ReportOutcome::delivered, ""}, 1);
    for (int i = 0; i < kDevices; ++i)
        judge.add_accepted(id_of(appid(i)), token_of(appid(i)));
    judge.add_accepted(id_of(appid(7)), token_of(appid(7)));
    const auto verdict = judge.finish();
    CHECK(verdict.members == kDevices);
    CHECK(violated(verdict) == "I1 ");
    CHECK(verdict.invariants[0].examples.at(0) == appid(7) + " was accepted 2 times");
}

}  // namespace dispatcher
