#include "cli/report_page.h"

#include <algorithm>
#include <array>
#include <ostream>

#include <fmt/format.h>

#include "base/encoding.h"
#include "campaign/reason.h"
#include "cli/html_text.h"
#include "cli/number_text.h"
#include "cli/rate_chart.h"
#include "cli/report_style.h"

namespace dispatcher::cli {
namespace {

constexpr std::size_t kLocalesShownMax = 8;

struct OutcomeWords {
    ReportOutcome outcome;
    std::string_view words;
};

constexpr std::array kOutcomes = {OutcomeWords{ReportOutcome::delivered, "delivered"},
                                  OutcomeWords{ReportOutcome::rejected, "rejected"},
                                  OutcomeWords{ReportOutcome::in_doubt, "in doubt"},
                                  OutcomeWords{ReportOutcome::skipped, "skipped"},
                                  OutcomeWords{ReportOutcome::undelivered, "undelivered"},
                                  OutcomeWords{ReportOutcome::pending, "pending"}};

std::string_view words_of(ReportOutcome outcome) {
    return kOutcomes[static_cast<std::size_t>(outcome)].words;
}

std::string state_words(CampaignState state) {
    if (state == CampaignState::done_with_doubt) return "done, with devices in doubt";
    return std::string(to_string(state));
}

/// Never rounded up to all, nor down to none.
std::string percent(std::uint64_t part, std::uint64_t whole) {
    if (part == 0 || whole == 0) return "0 %";
    if (part == whole) return "100 %";
    const double share = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
    if (share < 0.1) return "&lt; 0.1 %";
    return fmt::format("{:.1f} %", std::min(share, 99.9));
}

void write_head(std::ostream& out, const ReportPage& page) {
    out << "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
           "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
           "style-src 'unsafe-inline'\">\n"
           "<meta name=\"referrer\" content=\"no-referrer\">\n"
           "<meta name=\"format-detection\" content=\"telephone=no\">\n"
        << "<title>" << html(page.record.name.text()) << " · campaign report</title>\n<style>"
        << kReportStyle << "</style>\n</head>\n<body>\n<main>\n";
}

std::string verdict(const ReportPage& page) {
    const auto& digest = page.digest;
    auto text = fmt::format("<b>{} of {}</b> delivered ({})",
                            with_separators(digest.of(ReportOutcome::delivered)),
                            count_of(digest.total(), "device"),
                            percent(digest.of(ReportOutcome::delivered), digest.total()));
    for (const auto& [outcome, words] : kOutcomes)
        if (outcome != ReportOutcome::delivered && digest.of(outcome) > 0)
            text += fmt::format(", {} {}", with_separators(digest.of(outcome)), words);
    return text + ".";
}

void write_summary(std::ostream& out, const ReportPage& page) {
    const auto& record = page.record;
    const auto& digest = page.digest;
    out << fmt::format(
        "<header>\n<p class=\"eyebrow\">Campaign report</p>\n<h1>{} <span class=\"state "
        "{}\">{}</span></h1>\n<p class=\"verdict\">{}</p>\n",
        html_value(record.name.text()), to_string(record.head.state),
        state_words(record.head.state), verdict(page));
    if (!record.cause.empty())
        out << "<p class=\"note\">" << html(state_words(record.head.state)) << ": "
            << html_value(record.cause) << "</p>\n";
    out << "</header>\n\n<section aria-labelledby=\"outcome\">\n"
           "<h2 id=\"outcome\">What became of every device</h2>\n"
           "<div class=\"share\" aria-hidden=\"true\">";
    for (const auto& [outcome, words] : kOutcomes)
        if (digest.of(outcome) > 0)
            out << fmt::format("<i class=\"{}\" style=\"flex:{} 1 0\"></i>", to_string(outcome),
                               digest.of(outcome));
    out << "</div>\n<ul class=\"numbers\">\n";
    for (const auto& [outcome, words] : kOutcomes)
        out << fmt::format("<li class=\"{}{}\"><b>{}</b><span>{}</span><span>{}</span></li>\n",
                           to_string(outcome), digest.of(outcome) == 0 ? " none" : "",
                           with_separators(digest.of(outcome)), words,
                           percent(digest.of(outcome), digest.total()));
    out << "</ul>\n</section>\n\n";
}

void write_rate(std::ostream& out, const ReportPage& page) {
    const auto& accepted = page.digest.accepted();
    out << "<section aria-labelledby=\"rate\">\n<h2 id=\"rate\">Rate over time</h2>\n";
    if (accepted.events() == 0) {
        out << "<p class=\"note\">No gateway has accepted a notification of this campaign.</p>\n"
               "</section>\n\n";
        return;
    }
    const auto took = *accepted.last() - *accepted.first();
    const auto seconds = std::max(1.0, std::chrono::duration<double>(took).count());
    out << "<figure>\n"
        << rate_chart(accepted)
        << fmt::format(
               "<figcaption>Notifications accepted per second, times in UTC. {} in {} ({} a second "
               "on average, {} at the peak), from {} to {}.{}</figcaption>\n</figure>\n</section>"
               "\n\n",
               with_separators(accepted.events()), duration_text(took),
               with_separators(
                   static_cast<std::uint64_t>(static_cast<double>(accepted.events()) / seconds)),
               with_separators(static_cast<std::uint64_t>(peak_rate(accepted))),
               html_time(*accepted.first()), html_time(*accepted.last()),
               page.digest.retried() == 0 ? ""
                                          : fmt::format(" {} took more than one try.",
                                                        count_of(page.digest.retried(), "device")));
}

void write_fact(std::ostream& out, std::string_view name, const std::string& value) {
    out << "<dt>" << name << "</dt><dd>" << value << "</dd>\n";
}

void write_facts(std::ostream& out, const ReportPage& page) {
    const auto& record = page.record;
    out << "<section aria-labelledby=\"facts\">\n<h2 id=\"facts\">What was sent, when, by whom, to "
           "whom</h2>\n<dl class=\"facts\">\n";
    write_fact(out, "Ordered by",
               html_value(record.sealed_by) + ", " + html_time(record.sealed_at));
    write_fact(out, "Started", record.started_at ? html_time(*record.started_at) : "not yet");
    if (record.head.deadline) write_fact(out, "Deadline", html_time(*record.head.deadline));
    write_fact(out, "Audience", count_of(record.campaign.audience.members(), "device"));
    if (record.campaign.once_per != record.name.text())
        write_fact(out, "Once per",
                   html_value(record.campaign.once_per) +
                       ": devices that another campaign of this name reached are skipped");
    for (const auto& gateway : record.campaign.gateways)
        write_fact(out, "Gateway",
                   html_value(gateway.name) + " (" + html(gateway.type) +
                       "): " + html_value(gateway.target));
    write_fact(out, "If in doubt", html(to_string(record.campaign.in_doubt)));
    out << "</dl>\n</section>\n\n";
}

void write_message(std::ostream& out, const ReportPage& page) {
    const auto& message = page.record.campaign.message;
    out << "<section aria-labelledby=\"message\">\n<h2 id=\"message\">The message</h2>\n"
           "<div class=\"cards\">\n";
    std::size_t shown = 0;
    const auto write_card = [&](const std::string& locale, const LocaleText& text) {
        if (++shown > kLocalesShownMax) return;
        out << "<article class=\"card\"><p class=\"eyebrow\">" << html(locale)
            << (locale == message.default_locale ? " · default" : "") << "</p><p class=\"title\">"
            << html_value(text.title) << "</p><p class=\"body\">" << html_value(text.body)
            << "</p></article>\n";
    };
    // The default comes first: most devices got it.
    for (const bool defaults : {true, false})
        for (const auto& [locale, text] : message.locales)
            if ((locale == message.default_locale) == defaults) write_card(locale, text);
    out << "</div>\n";
    if (shown > kLocalesShownMax)
        out << fmt::format("<p class=\"more\">And {} more: <code>pushonce show {}</code></p>\n",
                           count_of(shown - kLocalesShownMax, "locale"),
                           html(page.record.name.text()));
    out << "</section>\n\n";
}

void write_groups(std::ostream& out, std::string_view caption, std::string_view column,
                  std::string_view unnamed, const ReportDigest::Groups& groups,
                  const ReportDigest& digest) {
    std::vector<std::pair<std::string_view, const ReportDigest::Outcomes*>> rows;
    for (const auto& [name, outcomes] : groups)
        rows.emplace_back(name, &outcomes);
    const auto total_of = [](const ReportDigest::Outcomes& outcomes) {
        std::uint64_t total = 0;
        for (const auto count : outcomes)
            total += count;
        return total;
    };
    std::stable_sort(rows.begin(), rows.end(), [&](const auto& a, const auto& b) {
        return total_of(*a.second) > total_of(*b.second);
    });
    out << "<section>\n<div class=\"scroll\"><table>\n<caption>" << caption
        << "</caption>\n<thead><tr><th scope=\"col\">" << column
        << "</th><th scope=\"col\" class=\"n\">devices</th>";
    for (const auto& [outcome, words] : kOutcomes)
        if (digest.of(outcome) > 0)
            out << fmt::format("<th scope=\"col\" class=\"n\"><i class=\"dot {}\"></i>{}</th>",
                               to_string(outcome), words);
    out << "</tr></thead>\n<tbody>\n";
    for (const auto& [name, outcomes] : rows) {
        out << "<tr><th scope=\"row\">" << (name.empty() ? std::string(unnamed) : html_value(name))
            << "</th><td class=\"n\">" << with_separators(total_of(*outcomes)) << "</td>";
        for (const auto& [outcome, words] : kOutcomes) {
            if (digest.of(outcome) == 0) continue;
            const auto count = (*outcomes)[static_cast<std::size_t>(outcome)];
            out << "<td class=\"n" << (count == 0 ? " zero" : "") << "\">" << with_separators(count)
                << "</td>";
        }
        out << "</tr>\n";
    }
    out << "</tbody>\n</table></div>\n</section>\n\n";
}

/// A reason's sentence for people; `already_by:NAME` and suchlike explain themselves.
std::string meaning_of(const std::string& reason) {
    if (reason.starts_with("already_by:"))
        return "Another campaign of the same scope holds this device's flag.";
    const auto known = parse_reason(reason);
    return known ? html(explain(*known)) : std::string();
}

void write_reasons(std::ostream& out, const ReportPage& page) {
    const auto& reasons = page.digest.by_reason();
    if (reasons.empty()) return;
    out << "<section>\n<div class=\"scroll\"><table>\n<caption>By reason</caption>\n<thead><tr>"
           "<th scope=\"col\">outcome</th><th scope=\"col\">reason</th><th scope=\"col\" "
           "class=\"n\">devices</th><th scope=\"col\">what it means</th></tr></thead>\n<tbody>\n";
    for (const auto& [key, count] : reasons)
        out << fmt::format(
            "<tr><td class=\"word\"><i class=\"dot {}\"></i>{}</td><th scope=\"row\">{}</th><td "
            "class=\"n\">{}</td><td>{}</td></tr>\n",
            to_string(key.first), words_of(key.first), html_value(key.second),
            with_separators(count), meaning_of(key.second));
    out << "</tbody>\n</table></div>\n</section>\n\n";
}

void write_doubt(std::ostream& out, const ReportPage& page) {
    const auto total = page.digest.of(ReportOutcome::in_doubt);
    if (total == 0) return;
    const auto name = html(page.record.name.text());
    out << "<section>\n<div class=\"scroll\"><table>\n<caption>Devices in doubt</caption>\n<thead>"
           "<tr><th scope=\"col\">appid</th><th scope=\"col\">gateway</th><th scope=\"col\">reason"
           "</th><th scope=\"col\">since (UTC)</th><th scope=\"col\" class=\"n\">tries</th></tr>"
           "</thead>\n<tbody>\n";
    for (const auto& device : page.digest.doubtful()) {
        const auto colon = std::min(device.reason.find(':'), device.reason.size());
        const auto since = device.reason.substr(std::min(colon + 1, device.reason.size()));
        out << fmt::format(
            "<tr><th scope=\"row\" class=\"mono\">{}</th><td>{}</td><td>{}</td><td>{}</td><td "
            "class=\"n\">{}</td></tr>\n",
            html_value(device.appid), html_value(device.gateway),
            html(device.reason.substr(0, colon)), html(since), device.tries);
    }
    out << "</tbody>\n</table></div>\n";
    if (const auto shown = page.digest.doubtful().size(); total > shown)
        out << fmt::format(
            "<p class=\"more\">And {} more: <code>pushonce report {} --format csv</code></p>\n",
            with_separators(total - shown), name);
    out << fmt::format(
        "<p class=\"more note\">These requests went out and were never answered: each may have "
        "arrived or not, and nobody can know. <code>pushonce resolve {}</code> settles them.</p>\n"
        "</section>\n\n",
        name);
}

void write_orders(std::ostream& out, const ReportPage& page) {
    if (page.orders.empty()) return;
    out << "<section>\n<div class=\"scroll\"><table>\n<caption>Who ordered what</caption>\n<thead>"
           "<tr><th scope=\"col\">when</th><th scope=\"col\">order</th><th scope=\"col\">by</th>"
           "<th scope=\"col\">details and why</th></tr></thead>\n<tbody>\n";
    const auto hidden = page.orders.size() - std::min(page.orders.size(), kPageOrdersMax);
    for (auto i = hidden; i < page.orders.size(); ++i) {
        const auto& order = page.orders[i];
        auto details = order.detail.empty() ? std::string() : html_value(order.detail);
        if (!order.because.empty())
            details += (details.empty() ? "" : "; ") + ("because: " + html_value(order.because));
        out << "<tr><td>" << html_time(order.at) << "</td><th scope=\"row\">" << html(order.action)
            << "</th><td>" << html_value(order.who) << "</td><td>" << details << "</td></tr>\n";
    }
    out << "</tbody>\n</table></div>\n";
    if (hidden > 0)
        out << fmt::format("<p class=\"more\">And {} before: <code>pushonce audit {}</code></p>\n",
                           with_separators(hidden), html(page.record.name.text()));
    out << "</section>\n\n";
}

void write_footer(std::ostream& out, const ReportPage& page) {
    out << fmt::format(
        "<footer>\n<p>Every device of the audience is counted on exactly one line. “Delivered” "
        "means accepted by the gateway; nobody can promise more.</p>\n"
        "<p>Sealed content <span class=\"mono\">{}</span>; audience <span "
        "class=\"mono\">{}</span> (SHA-256).</p>\n"
        "<p>Made {} by <code>pushonce report {} --format html</code>.</p>\n</footer>\n"
        "</main>\n</body>\n</html>\n",
        to_hex(page.record.sealed_sha), to_hex(page.record.campaign.audience.sha256),
        html_time(page.made_at), html(page.record.name.text()));
}

}  // namespace

// Plan: the answer first, then the picture, then what was sent, then the tables behind the answer.
void write_page(std::ostream& out, const ReportPage& page) {
    write_head(out, page);
    write_summary(out, page);
    write_rate(out, page);
    write_facts(out, page);
    write_message(out, page);
    write_groups(out, "By gateway", "gateway", "(none)", page.digest.by_gateway(), page.digest);
    write_groups(out, "By locale", "locale", "(no locale)", page.digest.by_locale(), page.digest);
    write_reasons(out, page);
    write_doubt(out, page);
    write_orders(out, page);
    write_footer(out, page);
}

}  // namespace dispatcher::cli
