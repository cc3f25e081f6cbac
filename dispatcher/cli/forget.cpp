#include "engine/forget.h"

#include <memory>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "campaign/names.h"
#include "cli/campaign_view.h"
#include "cli/number_text.h"
#include "cli/operator_identity.h"
#include "cli/site.h"
#include "cli/verb.h"
#include "cli/verbs.h"

namespace dispatcher::cli {
namespace {

struct ForgetOptions {
    std::string appid;
    std::string because;
};

int forget(Invocation& invocation, const ForgetOptions& options) {
    if (const auto problem = appid_problem(options.appid)) throw ConfigError("APPID", *problem);
    Site site(invocation.globals);
    const auto forgotten = forget_device(site.campaigns(), site.device_records(), options.appid,
                                         this_operator(options.because));
    auto& err = invocation.err;
    if (forgotten.campaigns.empty() && forgotten.flags == 0)
        err << "The store holds nothing of this device.\n";
    else
        err << fmt::format(
            "Forgotten: its appid and data are out of {}; {} {} under a tombstone, so that it is "
            "not notified again. The audit calls it {}.\n",
            count_of(forgotten.campaigns.size(), "campaign"), count_of(forgotten.flags, "flag"),
            forgotten.flags == 1 ? "holds on" : "hold on", forgotten.tombstone);
    if (forgotten.is_suppressed)
        err << "It stays in the opt-out list, by its appid: that is what keeps it from being "
               "notified by later campaigns. `pushonce suppress remove` takes it out.\n";
    err << "Backups, logs and undo space of the database, and audience files, are not in reach of "
           "this command.\n";
    if (invocation.globals.json)
        print_json(invocation.out, {{"campaigns", forgotten.campaigns},
                                    {"flags", forgotten.flags},
                                    {"is_suppressed", forgotten.is_suppressed},
                                    {"tombstone", forgotten.tombstone}});
    return kExitDone;
}

}  // namespace

void add_forget(const Verb& app, Invocation& invocation) {
    const auto options = std::make_shared<ForgetOptions>();
    const auto verb =
        app.add_subcommand("forget", "Take a device's appid and data out of the store");
    verb.add_option("APPID", options->appid, "The device's appid").required();
    verb.add_option("--because", options->because, "Why, for the audit: without the appid")
        .required()
        .type_name("TEXT");
    verb.footer(
        "Its flags still hold: where the appid stood there is an HMAC of it, under a key in the\n"
        "store. Reports keep its line, without saying who it is. Refused while a campaign that is\n"
        "not finished has the device in its audience. The same command again goes on after a\n"
        "crash.\n"
        "Examples:\n"
        "  pushonce forget d-000017 --because \"request 4711 to be erased\"");
    verb.callback([&invocation, options] {
        invocation.action = [&invocation, options] { return forget(invocation, *options); };
    });
}

}  // namespace dispatcher::cli
