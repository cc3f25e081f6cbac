#include "cli/report_format.h"

#include "support/catch.h"

namespace dispatcher::cli {
namespace {

ReportLine line() {
    ReportLine made;
    made.campaign = "spring-sale-2027";
    made.appid = "d-000017";
    made.reported = {ReportOutcome::delivered, ""};
    made.gateway = "apns";
    made.notification_id = "5e3ad9b4-0c4f-4b6f-8a55-6a3a2b1c0d9e";
    made.tries = 1;
    made.claims = 1;
    made.platform = "ios";
    made.locale = "de";
    made.settled_at = WallTime(std::chrono::milliseconds(1'803'891'603'123));
    return made;
}

std::string ndjson(const ReportLine& made) {
    std::string text;
    append_ndjson(text, made);
    return text;
}

std::string csv(const ReportLine& made) {
    std::string text;
    append_csv(text, made);
    return text;
}

}  // namespace

TEST_CASE("a report line has the keys of its format in their order") {
    CHECK(
        ndjson(line()) ==
        R"({"campaign":"spring-sale-2027","appid":"d-000017","outcome":"delivered","reason":null,)"
        R"("gateway":"apns","notification_id":"5e3ad9b4-0c4f-4b6f-8a55-6a3a2b1c0d9e","tries":1,)"
        R"("claims":1,"platform":"ios","locale":"de","user":null,)"
        R"("settled_at":"2027-03-01T09:00:03.123Z"})"
        "\n");
}

TEST_CASE("a dead token has a line with the time that the gateway named, if any") {
    DeadTokenLine dead;
    dead.appid = "d,1";
    dead.gateway = "apns";
    dead.token = "00ff";
    dead.reason = "unregistered";
    dead.dead_since = WallTime(std::chrono::milliseconds(1'803'891'603'123));
    dead.settled_at = dead.dead_since;
    std::string text;
    append_ndjson(text, dead);
    append_csv(text, dead);
    dead.token.reset();
    dead.dead_since.reset();
    append_ndjson(text, dead);
    append_csv(text, dead);
    CHECK(text == R"({"appid":"d,1","gateway":"apns","token":"00ff","reason":"unregistered",)"
                  R"("timestamp":1803891603123,"settled_at":"2027-03-01T09:00:03.123Z"})"
                  "\n\"d,1\",apns,00ff,unregistered,1803891603123,2027-03-01T09:00:03.123Z\n"
                  R"({"appid":"d,1","gateway":"apns","token":null,"reason":"unregistered",)"
                  R"("timestamp":null,"settled_at":"2027-03-01T09:00:03.123Z"})"
                  "\n\"d,1\",apns,,unregistered,,2027-03-01T09:00:03.123Z\n");
}

TEST_CASE("what is not settled has no time, and a reason stands as text") {
    auto made = line();
    made.reported = {ReportOutcome::skipped, "already_by:other"};
    made.settled_at.reset();
    const auto text = ndjson(made);
    CHECK(text.find(R"("outcome":"skipped","reason":"already_by:other")") != std::string::npos);
    CHECK(text.find(R"("settled_at":null})") != std::string::npos);
}

TEST_CASE("a forgotten device has a line and no notification id") {
    auto made = line();
    made.appid = "forgotten:AAAA";
    made.notification_id = {};
    CHECK(ndjson(made).find(R"("notification_id":null)") != std::string::npos);
}

TEST_CASE("text that JSON reserves is escaped") {
    auto made = line();
    made.user = "a\"b\\c\n";
    CHECK(ndjson(made).find(R"("user":"a\"b\\c\n")") != std::string::npos);
}

TEST_CASE("the CSV form has the same columns, and quotes what needs it") {
    std::string header;
    append_csv_header(header);
    CHECK(header ==
          "campaign,appid,outcome,reason,gateway,notification_id,tries,claims,platform,locale,user,"
          "settled_at\n");
    auto made = line();
    made.user = "Ann \"A\", Bonn";
    CHECK(csv(made) ==
          "spring-sale-2027,d-000017,delivered,,apns,5e3ad9b4-0c4f-4b6f-8a55-6a3a2b1c0d9e,1,1,ios,"
          "de,\"Ann \"\"A\"\", Bonn\",2027-03-01T09:00:03.123Z\n");
}

}  // namespace dispatcher::cli
