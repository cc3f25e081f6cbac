#include <filesystem>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/statvfs.h>

#include "base/error.h"
#include "cli/assemble.h"
#include "cli/campaign_view.h"
#include "cli/finding.h"
#include "cli/gateway_probe.h"
#include "cli/lost_store.h"
#include "cli/number_text.h"
#include "cli/site.h"
#include "cli/store_halt.h"
#include "cli/verb.h"
#include "cli/verbs.h"

namespace dispatcher::cli {
namespace {

using Level = Finding::Level;

constexpr std::uint64_t kSpaceProblem = 200'000'000;
constexpr std::uint64_t kSpaceLook = 2'000'000'000;
constexpr std::chrono::milliseconds kClockLook{1000};
constexpr std::size_t kSampledCampaigns = 1;
constexpr auto kDeadTokens = "dead_tokens.webhook";

class Doctor {
  public:
    explicit Doctor(Site& site) : site_(site) {}

    std::vector<Finding> examine() {
        examine_one("store", [this] { examine_store(); });
        if (store_reached_) {
            examine_one("halt", [this] { examine_halt(); });
            examine_one("durability", [this] { examine_durability(); });
            examine_one("clock", [this] { examine_clock(); });
            examine_one("journal", [this] { examine_journal(); });
        }
        examine_space();
        for (const auto& source : site_.server().sources)
            examine_one("source " + source.name, [&] { examine_source(source); });
        for (const auto& gateway : site_.server().gateways)
            examine_one("gateway " + gateway.name,
                        [&] { examine_gateway("gateway " + gateway.name, gateway); });
        if (const auto& webhook = site_.server().dead_token_webhook)
            examine_one(kDeadTokens, [&] { examine_dead_tokens(*webhook); });
        return std::move(findings_);
    }

  private:
    void add(Level level, std::string subject, std::string text, std::string cure = {}) {
        findings_.push_back({level, std::move(subject), std::move(text), std::move(cure), false});
    }
    void add_away(std::string subject, std::string text, std::string cure = {}) {
        findings_.push_back(
            {Level::problem, std::move(subject), std::move(text), std::move(cure), true});
    }

    /// One examination's failure is a finding, not the end of the others.
    template <class Work>
    void examine_one(const std::string& subject, Work&& work) {
        try {
            work();
        } catch (const std::exception& error) {
            if (dynamic_cast<const ConfigError*>(&error) != nullptr)
                add(Level::problem, subject, error.what());
            else
                add_away(subject, error.what());
        }
    }

    void examine_store() {
        auto& store = site_.campaigns_unchecked();
        const auto version = store.schema_version();
        if (version.found == version.wanted) {
            (void)store.list(kSampledCampaigns);
            store_reached_ = true;
            add(Level::fine, "store",
                fmt::format("{} answers, schema version {}", site_.server().store.url,
                            version.found));
        } else if (version.found == 0 && is_embedded(site_.server().store)) {
            examine_missing_store();
        } else if (version.found == 0) {
            add_away("store", site_.server().store.url + " has no tables", "pushonce store init");
        } else {
            add_away("store",
                     fmt::format("schema version {}, this program wants {}", version.found,
                                 version.wanted),
                     "pushonce store migrate");
        }
    }

    void examine_missing_store() {
        if (auto lost = find_lost_store(site_.server()))
            add(Level::problem, "store", std::move(lost->text), std::move(lost->cure));
        else
            add(Level::look, "store",
                site_.server().store.url + " is not made yet: the first launch makes it",
                "pushonce store init");
    }

    void examine_halt() {
        if (const auto halt = site_.campaigns_unchecked().halted())
            add(Level::look, "halt", halt_sentence(*halt), "pushonce unhalt --because \"…\"");
    }

    void examine_durability() {
        for (auto& finding : durability_findings(site_.campaigns_unchecked().server_settings()))
            findings_.push_back(std::move(finding));
    }

    void examine_clock() {
        const auto difference = site_.campaigns_unchecked().now() - site_.clock().wall();
        const auto off = std::chrono::abs(difference);
        if (off > kClockLook)
            add(Level::look, "clock",
                fmt::format("this machine and the database differ by {}", duration_text(off)),
                "synchronise both clocks (NTP); a skew costs time, never a duplicate");
        else
            add(Level::fine, "clock", "agrees with the database's");
    }

    void examine_journal() {
        (void)site_.journals();
        const auto& dir = site_.server().journal.dir;
        const auto probe = std::filesystem::path(dir) / ".doctor";
        std::filesystem::create_directory(probe);
        std::filesystem::remove(probe);
        add(Level::fine, "journal", dir + " is on a local file system and writable");
    }

    void examine_space() {
        examine_space_of(site_.server().journal.dir);
        constexpr std::string_view kSqlite = "sqlite:";
        const auto& url = site_.server().store.url;
        if (is_embedded(site_.server().store))
            examine_space_of(std::filesystem::path(url.substr(kSqlite.size())).parent_path());
    }

    void examine_space_of(const std::filesystem::path& folder) {
        struct statvfs found {};
        if (statvfs(folder.c_str(), &found) != 0) return;
        const auto free = static_cast<std::uint64_t>(found.f_bavail) * found.f_frsize;
        const auto level = free < kSpaceProblem ? Level::problem
                           : free < kSpaceLook  ? Level::look
                                                : Level::fine;
        add(level, "space", fmt::format("{} has {} left", folder.string(), size_text(free)),
            level == Level::fine ? ""
                                 : "a million devices take about 150 MB (`pushonce plan` says it)");
    }

    void examine_source(const SourceOptions& source) {
        open_session(source, source.url)->try_out();
        add(Level::fine, "source " + source.name,
            source.url + " answers; what campaigns ask of it is tried by `pushonce plan FILE`");
    }

    /// It is reached as a gateway of type webhook is.
    void examine_dead_tokens(const NoticeOptions& webhook) {
        if (!webhook.ca_file.empty())
            CredentialFile(webhook.ca_file,
                           fmt::format("{}.ca_file: {}", kDeadTokens, webhook.ca_file))
                .require_readable();
        GatewayOptions options;
        options.name = kDeadTokens;
        options.type = "webhook";
        options.ca_file = webhook.ca_file;
        options.timeout = webhook.timeout;
        options.keys = {{"url", webhook.written_url}, {"protocol", "http1"}};
        if (!webhook.secret.empty()) options.secrets.emplace("secret", webhook.secret);
        examine_gateway(kDeadTokens, options);
    }

    void examine_gateway(const std::string& subject, const GatewayOptions& options) {
        const auto trial = try_out(site_, {&options, &site_.type(options.type)});
        if (trial.trouble.empty())
            add(Level::fine, subject, trial.tried);
        else if (trial.is_away)
            add_away(subject, trial.trouble,
                     "where it says no more: check endpoint, ca_file, firewall and proxy; the "
                     "credentials can be read");
        else
            add(Level::problem, subject, trial.trouble);
    }

    Site& site_;
    std::vector<Finding> findings_;
    bool store_reached_ = false;
};

std::string_view words(Level level) {
    switch (level) {
        case Level::fine:
            return "fine";
        case Level::look:
            return "look";
        case Level::problem:
            break;
    }
    return "PROBLEM";
}

int doctor(Invocation& invocation) {
    Site site(invocation.globals);
    Doctor examiner(site);
    int code = kExitDone;
    for (const auto& finding : examiner.examine()) {
        // What must be changed weighs more than what may be back soon.
        if (finding.level == Level::problem && code != kExitUsage)
            code = finding.is_away ? kExitUnavailable : kExitUsage;
        if (invocation.globals.json) {
            const auto level = finding.level == Level::problem ? "problem" : words(finding.level);
            print_json(invocation.out, {{"level", level},
                                        {"subject", finding.subject},
                                        {"text", finding.text},
                                        {"cure", finding.cure}});
        } else {
            invocation.out << fmt::format("{:<8} {}: {}\n", words(finding.level), finding.subject,
                                          finding.text);
            if (!finding.cure.empty())
                invocation.out << fmt::format("         → {}\n", finding.cure);
        }
    }
    return code;
}

}  // namespace

void add_doctor(const Verb& app, Invocation& invocation) {
    const auto verb = app.add_subcommand(
        "doctor", "Look at store, durability, journal, space, sources, credentials and clock");
    verb.footer(
        "Goes as far as it can without delivering anything, and says how far: APNs and FCM are "
        "asked\n"
        "for a device that does not exist; Web Push and webhooks are only connected to.\n"
        "Exit 0: all fine; 2: something must be changed; 5: a store, source or gateway cannot be\n"
        "reached.\n"
        "Examples:\n"
        "  pushonce doctor\n"
        "  pushonce --json doctor");
    verb.callback(
        [&invocation] { invocation.action = [&invocation] { return doctor(invocation); }; });
}

}  // namespace dispatcher::cli
