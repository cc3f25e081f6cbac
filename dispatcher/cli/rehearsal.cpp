#include "cli/rehearsal.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "audience/row_check.h"
#include "base/encoding.h"
#include "base/random.h"
#include "cli/campaign_launch.h"
#include "cli/campaign_run.h"
#include "cli/number_text.h"
#include "cli/progress_line.h"
#include "engine/report.h"
#include "mockgateway/p256_key_file.h"
#include "rehearsal/kill_plan.h"
#include "rehearsal/ledger_lines.h"
#include "rehearsal/send_times.h"
#include "rehearsal/server_text.h"

namespace dispatcher::cli {
namespace {

/// In the rehearsal's folder.
constexpr const char* kProviderKey = "AuthKey.p8";
constexpr const char* kServiceAccount = "service-account.json";
constexpr const char* kVapidKey = "vapid.pem";
constexpr const char* kSubscriberKey = "subscriber.pem";

using std::chrono::milliseconds;

/// Counts the lines of a file that grows.
class GrowingFile {
  public:
    explicit GrowingFile(std::string path) : path_(std::move(path)) {}

    std::uint64_t lines() {
        std::array<char, std::size_t{64} << 10> piece{};
        if (!file_.is_open()) file_.open(path_, std::ios::binary);
        file_.clear();
        do {
            file_.read(piece.data(), piece.size());
            lines_ += static_cast<std::uint64_t>(
                std::count(piece.data(), piece.data() + file_.gcount(), '\n'));
        } while (file_);
        return lines_;
    }

  private:
    const std::string path_;
    std::ifstream file_;
    std::uint64_t lines_ = 0;
};

/// What a dispatcher's own document says it sent a second; nothing where that is too little to
/// tell.
std::optional<double> rate_of_run(const nlohmann::json& run) {
    constexpr std::uint64_t kSentMin = 100;
    constexpr std::uint64_t kMillisecondsMin = 100;
    constexpr double kMillisecondsPerSecond = 1000;
    if (!run.is_object()) return std::nullopt;
    const auto sent = run.value("sent", std::uint64_t{0});
    const auto took = run.value("took_ms", std::uint64_t{0});
    if (sent < kSentMin || took < kMillisecondsMin) return std::nullopt;
    return static_cast<double>(sent) * kMillisecondsPerSecond / static_cast<double>(took);
}

/// Why it stopped, as that document says; "" if it did not.
std::string stop_of_run(const nlohmann::json& run) {
    if (!run.is_object()) return {};
    const auto stopped = run.find("stopped");
    return stopped != run.end() && stopped->is_string() ? stopped->get<std::string>()
                                                        : std::string();
}

int exit_code_of_rehearsal(const RehearsalResult& result, int of_last) {
    if (!result.verdict.holds()) return kExitBug;
    if (of_last != kExitDone && of_last != kExitLook) return of_last;
    const auto to_look_at =
        result.verdict.doubt_by_answers + result.counts.of(ReportOutcome::undelivered);
    return to_look_at > 0 ? kExitLook : kExitDone;
}

}  // namespace

Rehearsal::Rehearsal(const ServerFile& real, PreparedCampaign& prepared,
                     const RehearsalOptions& options)
    : real_(real), prepared_(prepared), options_(options), place_(options.folder) {}

RehearsalResult Rehearsal::run(SignalWatch& signals, Invocation& invocation, const Plan& plan) {
    invocation.err << fmt::format("Rehearsing in {}, seed {}; nothing real is touched.\n",
                                  place_.folder(), options_.seed);
    start_mock(signals.stop_fd());
    set_up();
    seal(signals, invocation);
    RehearsalResult result;
    result.campaign = prepared_.campaign.name.text();
    result.seed = options_.seed;
    result.devices = plan.audience.recipients;
    result.excluded = plan.audience.excluded;
    result.gateways = plan.gateways;
    result.wire = wire_of(gateways_);
    result.is_wire_less = is_wire_less_;
    result.kills_wanted = options_.kills;
    const auto last = nlohmann::json::parse(send(signals, invocation, result), nullptr, false);
    const int of_last = result.exit_code;
    judge(result);
    if (result.cause.empty()) result.cause = stop_of_run(last);
    // The ledger of a gateway that sends nothing tells no times.
    if (!mock_) result.per_second = rate_of_run(last);
    estimate(plan, result);
    result.exit_code = exit_code_of_rehearsal(result, of_last);
    if (!result.verdict.holds()) place_.keep();
    if (place_.is_kept()) result.kept = place_.folder();
    add_notes(result);
    return result;
}

void Rehearsal::start_mock(int stop_fd) {
    const bool is_wanted = std::ranges::any_of(prepared_.gateways, [](const auto& gateway) {
        return is_played_by_mock(*gateway.options);
    });
    if (!is_wanted) return;
    MockProcessOptions mock;
    mock.provider_key = place_.path(kProviderKey);
    (void)mock::write_p256_key(mock.provider_key);
    mock.service_account = place_.path(kServiceAccount);
    mock.faults_file = options_.faults_file;
    mock.latency = options_.latency;
    if (std::ranges::any_of(prepared_.gateways,
                            [](const auto& gateway) { return is_encrypted(*gateway.options); }))
        subscribe(mock);
    mock_ = std::make_unique<MockProcess>(place_, mock, stop_fd);
}

/// The mock gateway reads what browsers get: their keys give way to one that it knows.
void Rehearsal::subscribe(MockProcessOptions& mock) {
    mock.vapid_key = mock::write_p256_key(place_.path(kVapidKey));
    mock.subscriber_key = place_.path(kSubscriberKey);
    const auto p256dh = mock::write_p256_key(mock.subscriber_key);
    SystemRandom random;
    const std::array bits = {random.next(), random.next()};
    mock.subscriber_auth =
        to_base64url({reinterpret_cast<const std::uint8_t*>(bits.data()), sizeof bits});
    for (std::uint16_t no = 0; no < prepared_.gateways.size(); ++no) {
        const auto& gateway = prepared_.gateways[no];
        if (!is_encrypted(*gateway.options)) continue;
        const auto columns = gateway.type->token_columns();
        const auto replace = [&](const std::string& column, const std::string& value) {
            prepared_.audience.replace({no}, column_index(prepared_.audience.columns(), column),
                                       value);
        };
        replace(columns.at(1), p256dh);
        replace(columns.at(2), mock.subscriber_auth);
    }
}

/// Writes the server file, the only one that the dispatchers know.
void Rehearsal::set_up() {
    RehearsalMade made;
    made.folder = place_.folder();
    made.provider_key = place_.path(kProviderKey);
    made.service_account = place_.path(kServiceAccount);
    made.vapid_key = place_.path(kVapidKey);
    if (mock_) {
        made.endpoint = mock_->endpoint();
        made.ca_file = mock_->ca_file();
    }
    for (const auto& gateway : prepared_.gateways)
        gateways_.push_back(rehearsal_settings(*gateway.options, made));
    if (options_.kills > 0)
        is_wire_less_ = limit_wire(
            gateways_, wire_for_kills(prepared_.audience.counts().recipients, options_.kills));
    place_.write("pushonce.yaml", rehearsal_server_text(place_.folder(), real_, gateways_));
}

/// The campaign as it would be sealed, but for where its gateways lead and what paces it.
void Rehearsal::seal(SignalWatch& signals, Invocation& invocation) {
    Site site(read_server_file(server_file()));
    auto& campaign = prepared_.campaign;
    for (auto& sealed : campaign.gateways) {
        const auto gateway = site.gateway(sealed.name);
        sealed.target = gateway.type->target(*gateway.options);
    }
    auto& settings = prepared_.file.settings;
    settings.rate_per_second = 0;
    settings.first_count = 0;
    settings.send_window.reset();
    (void)seal_visibly(site, signals, invocation, prepared_);
}

/// Answers what the last dispatcher printed.
std::string Rehearsal::send(SignalWatch& signals, Invocation& invocation, RehearsalResult& result) {
    IncarnationsOptions options;
    options.campaign = prepared_.campaign.name.text();
    options.server_file = server_file();
    options.devices = result.devices;
    options.wire = result.wire;
    options.kills = plan_kills(options_.seed, options_.kills);
    SystemClock clock;
    Incarnations incarnations(place_, clock, mock_.get(), signals.stop_fd(), std::move(options));
    {
        GrowingFile ledger(mock_ ? mock_->ledger() : own_ledger(gateways_.front()));
        const ProgressLine progress(invocation.err, Terminal::of_this_process(), [&] {
            return fmt::format("rehearsing: {} of {} accepted", with_separators(ledger.lines()),
                               with_separators(result.devices));
        });
        incarnations.run();
    }
    result.is_isolated = incarnations.are_isolated();
    if (mock_) mock_->child().stop();
    result.incarnations = incarnations.all();
    result.peak_bytes = incarnations.peak_bytes();
    result.exit_code = incarnations.exit_code();
    return incarnations.document();
}

void Rehearsal::judge(RehearsalResult& result) {
    using enum CampaignState;
    Site site(read_server_file(server_file()), Site::Use::read);
    const auto record = site.find(result.campaign);
    result.state = record.head.state;
    result.cause = record.cause;
    Report report(site.campaigns(), record);
    result.counts = report.count();

    JudgeTerms terms;
    terms.campaign = result.campaign;
    terms.is_finished = result.state == done || result.state == done_with_doubt;
    terms.may_resend = prepared_.campaign.in_doubt == InDoubtPolicy::resend;
    terms.excluded = result.excluded;
    terms.doubt_by_kills_max = result.kills() * result.wire;
    terms.counts = result.counts;
    ScratchSpace space(place_.folder());
    Judge judge(space, std::move(terms));
    std::vector<std::size_t> columns;  // of what tells devices apart, by gateway
    for (const auto& gateway : prepared_.gateways)
        columns.push_back(
            column_index(prepared_.audience.columns(), gateway.type->token_columns().front()));
    prepared_.audience.for_each([&](const Audience::Recipient& recipient) {
        const auto no = recipient.gateway.value;
        const auto column = columns[no];
        const auto& values = recipient.values;
        const auto value = column < values.size() ? values[column] : std::string_view();
        judge.add_member(recipient.appid, ledger_token(*prepared_.gateways[no].options, value));
    });
    report.for_each([&](const ReportLine& line) {
        judge.add_line(line.appid, line.notification_id, line.reported, line.claims);
    });
    add_accepted(judge, result);
    result.verdict = judge.finish();
}

/// What every gateway accepted, and how fast where the ledger tells the time.
void Rehearsal::add_accepted(Judge& judge, RehearsalResult& result) {
    std::vector<WallTime> starts;
    for (const auto& incarnation : result.incarnations)
        starts.push_back(incarnation.started);
    SendTimes times(std::move(starts));
    const auto add = [&](const AcceptedLine& line) {
        judge.add_accepted(line.notification_id, line.token);
        if (line.at) times.add(*line.at);
    };
    if (mock_) read_ledger(mock_->ledger(), add);
    for (const auto& gateway : gateways_)
        if (const auto ledger = own_ledger(gateway); !ledger.empty()) read_ledger(ledger, add);
    result.per_second = times.per_second();
    result.sending = times.sending();
}

void Rehearsal::estimate(const Plan& plan, RehearsalResult& result) const {
    constexpr double kMillisecondsPerSecond = 1000;
    result.limit_per_second = plan.rate_per_second;
    if (plan.duration) result.eta = *plan.duration;
    if (!result.per_second) return;
    const milliseconds at_this_rate{static_cast<std::int64_t>(
        static_cast<double>(result.devices) * kMillisecondsPerSecond / *result.per_second)};
    if (!result.eta || at_this_rate > *result.eta) result.eta = at_this_rate;
}

void Rehearsal::add_notes(RehearsalResult& result) const {
    auto& notes = result.notes;
    notes.emplace_back(
        "at full speed and at once: delivery.rate, delivery.first, schedule.send_window and a "
        "gateway's rate are left out, and nobody is waited for");
    if (options_.latency.empty() && mock_)
        notes.emplace_back(
            "the mock gateway answers at once; --latency 80ms plays one that is far away");
    notes.emplace_back(
        "the store was a new SQLite file: who opted out, or was reached by another "
        "campaign of the scope, is not known there");
    if (is_wire_less_)
        notes.push_back(
            fmt::format("{} on the wire at once, fewer than configured, so that {} "
                        "can meet so small a campaign at work",
                        count_of(result.wire, "request"), count_of(options_.kills, "kill")));
    if (place_.is_in_memory())
        notes.push_back(
            fmt::format("{} lies in memory, where no write waits for a disk: TMPDIR on "
                        "a disk gives a truer rate",
                        place_.folder()));
    if (!result.is_isolated)
        notes.emplace_back(
            "the kernel gave no network of its own here; the processes themselves "
            "refused every connection beyond this machine");
}

}  // namespace dispatcher::cli
