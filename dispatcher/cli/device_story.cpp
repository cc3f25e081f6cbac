#include "cli/device_story.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/time_text.h"
#include "campaign/notification.h"
#include "cli/last_order.h"
#include "cli/number_text.h"
#include "cli/request_text.h"
#include "cli/state_words.h"

namespace dispatcher::cli {
namespace {

constexpr std::size_t kIndent = 16;

std::string line(std::string_view name, std::string_view value) {
    std::string text = fmt::format("  {:<{}}", name, kIndent - 2);
    for (const char c : value) {
        text += c;
        if (c == '\n') text.append(kIndent, ' ');
    }
    return text + "\n";
}

bool is_ours(const DeviceChapter& chapter) {
    return chapter.flag && chapter.flag->campaign == chapter.record.head.id;
}

/// Why the outcome is what it is, in a sentence; "" where it needs none.
std::string why(const DeviceChapter& chapter) {
    const auto& reported = chapter.reported;
    if (reported.reason.starts_with("already_by:")) {
        auto text = fmt::format("{} holds this device's flag in the scope {}", chapter.holder,
                                chapter.record.campaign.once_per);
        if (chapter.flag)
            text += fmt::format(": {} at {}", words_of(chapter.flag->state),
                                to_iso_text(chapter.flag->changed_at));
        return text + ".";
    }
    if (const auto known = parse_reason(reported.reason.substr(0, reported.reason.find(':'))))
        return std::string(explain(*known));
    if (reported.outcome != ReportOutcome::pending) return {};
    if (!chapter.flag)
        return fmt::format("Nobody has claimed it yet; the campaign is {}.",
                           words_of(chapter.record.head.state));
    return "A process holds the right to send to it, or held it and died: `pushonce restart` "
           "tells.";
}

std::string history(const DeviceChapter& chapter) {
    const auto& flag = *chapter.flag;
    auto text = fmt::format("claimed {}, {} that the gateway answered or refused; {} since {}",
                            flag.claims == 1 ? "once" : fmt::format("{} times", flag.claims),
                            count_of(flag.tries, "request"), words_of(flag.state),
                            to_iso_text(flag.changed_at));
    if (flag.due_at && *flag.due_at == WallTime{})
        text += ", due again at once";
    else if (flag.due_at)
        text += fmt::format(", due again at {}", to_iso_text(*flag.due_at));
    if (const auto& process = chapter.process)
        text += fmt::format("\nlast claim by process {} of {}, started {}, {}", process->pid,
                            process->host, to_iso_text(process->started_at),
                            process->closed_at ? "ended " + to_iso_text(*process->closed_at)
                                               : std::string("not known to have ended"));
    return text;
}

/// The payload of a text whose request is not known, and why it is not.
std::string payload_text(const DeviceChapter::Text& said) {
    if (said.payload.empty()) return "larger than the gateway takes";
    const auto* const why = said.is_looked_up
                                ? "audience.refresh looks the address up, and it is not kept"
                                : "the server file has no such gateway";
    return fmt::format("{}\n(what the request holds around it is not known: {})", said.payload,
                       why);
}

}  // namespace

std::string chapter_text(const DeviceChapter& chapter, const std::vector<AuditRow>& orders,
                         std::string_view appid) {
    const auto& record = chapter.record;
    auto text =
        fmt::format("{}: {}{} over {}\n", record.name.text(), to_string(chapter.reported.outcome),
                    chapter.reported.reason.empty() ? "" : " (" + chapter.reported.reason + ")",
                    chapter.gateway.empty() ? "no gateway" : chapter.gateway);
    if (const auto reason = why(chapter); !reason.empty()) text += line("why", reason);
    if (is_ours(chapter)) {
        text += line("history", history(chapter));
        text += line("notification", std::string(NotificationKey(record.name.text(), appid).id()));
    }
    for (const auto& order : orders)
        text += line(&order == &orders.front() ? "ordered" : "", order_sentence(order));
    if (const auto& said = chapter.text) {
        text += line("text (" + said->locale + ")", said->title + "\n" + said->body);
        if (said->request) {
            auto request = request_text(*said->request);
            request.pop_back();  // the line break at its end
            text += line("request", request);
        } else {
            text += line("payload", payload_text(*said));
        }
    } else {
        text += line("text",
                     "not known any more: retention dropped the audience's data; `pushonce "
                     "show " +
                         record.name.text() + "` has the template");
    }
    return text;
}

nlohmann::ordered_json chapter_view(const DeviceChapter& chapter,
                                    const std::vector<AuditRow>& orders, std::string_view appid) {
    const auto& record = chapter.record;
    const auto or_null = [](const std::string& text) {
        return text.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(text);
    };
    nlohmann::ordered_json view = {{"appid", appid},
                                   {"campaign", record.name.text()},
                                   {"state", to_string(record.head.state)},
                                   {"scope", record.campaign.once_per},
                                   {"outcome", to_string(chapter.reported.outcome)},
                                   {"reason", or_null(chapter.reported.reason)},
                                   {"why", or_null(why(chapter))},
                                   {"gateway", or_null(chapter.gateway)},
                                   {"notification_id", nullptr},
                                   {"tries", 0},
                                   {"claims", 0},
                                   {"changed_at", nullptr},
                                   {"held_by", or_null(chapter.holder)},
                                   {"process", nullptr},
                                   {"sealed_by", record.sealed_by},
                                   {"sealed_at", to_iso_text(record.sealed_at)},
                                   {"orders", nlohmann::ordered_json::array()},
                                   {"text", nullptr}};
    if (is_ours(chapter)) {
        view["notification_id"] = NotificationKey(record.name.text(), appid).id();
        view["tries"] = chapter.flag->tries;
        view["claims"] = chapter.flag->claims;
    }
    if (chapter.flag) view["changed_at"] = to_iso_text(chapter.flag->changed_at);
    if (const auto& process = chapter.process)
        view["process"] = {{"host", process->host},
                           {"pid", process->pid},
                           {"started_at", to_iso_text(process->started_at)}};
    for (const auto& order : orders)
        view["orders"].push_back({{"at", to_iso_text(order.at)},
                                  {"action", order.action},
                                  {"who", order.who},
                                  {"because", order.because}});
    if (const auto& said = chapter.text)
        view["text"] = {{"locale", said->locale},
                        {"title", said->title},
                        {"body", said->body},
                        {"payload", said->request ? said->request->body : said->payload},
                        {"request", said->request ? request_view(*said->request)
                                                  : nlohmann::ordered_json(nullptr)}};
    return view;
}

}  // namespace dispatcher::cli
