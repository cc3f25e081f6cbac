#include <array>
#include <memory>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "audience/rows_name.h"
#include "base/error.h"
#include "cli/campaign_view.h"
#include "cli/planning.h"
#include "cli/request_text.h"
#include "cli/verb.h"
#include "cli/verbs.h"
#include "engine/notification_renderer.h"

namespace dispatcher::cli {
namespace {

struct PreviewOptions {
    std::string file;
    std::string appid;
    std::vector<std::string> params;
};

void print_preview(Invocation& invocation, const GatewayChoice& gateway,
                   const RequestPreview& request, std::size_t payload_bytes,
                   std::size_t payload_bytes_max) {
    auto& out = invocation.out;
    if (invocation.globals.json) {
        nlohmann::ordered_json view = {{"gateway", gateway.options->name}};
        view.update(request_view(request));
        view.update({{"payload_bytes", payload_bytes},
                     {"payload_bytes_max", payload_bytes_max},
                     {"payload_measure", gateway.type->payload_measure()}});
        print_json(out, view);
        return;
    }
    out << request_text(request);
    invocation.err << fmt::format("payload     {} of {} bytes ({})\n", payload_bytes,
                                  payload_bytes_max, gateway.type->payload_measure());
}

/// Puts the address that the device has now among `values`, views into what is answered; they stay
/// as they are where the campaign sends to what is sealed.
std::unique_ptr<const Addresses> look_up(const Site& site, const PreparedCampaign& prepared,
                                         const Audience::Recipient& recipient,
                                         std::vector<std::string_view>& values) {
    const auto& refresh = prepared.file.audience.refresh;
    if (!refresh) return {};
    const auto book = site.address_book(refresh->part, refresh->place);
    auto binder = make_binder(prepared, recipient.gateway.value, *book);
    auto found = binder.look_up(std::array{recipient.appid});
    if (!found.gone.empty())
        throw ConfigError(book->where(),
                          fmt::format("{}: {} would be skipped ({})", to_text(found.counts),
                                      recipient.appid, to_string(Reason::gone)));
    auto addresses = std::make_unique<const Addresses>(std::move(found.addresses));
    BoundAddresses::put(*addresses, binder.places(), 0, values);
    return addresses;
}

int preview(Invocation& invocation, const PreviewOptions& options) {
    Site site(invocation.globals);
    auto file = load_campaign(site, options.file, parse_params(options.params));
    const auto prepared = prepare_visibly(site, std::move(file), invocation.err, [] {});
    bool found = false;
    prepared.audience.for_each([&](const Audience::Recipient& recipient) {
        if (found || recipient.appid != options.appid) return;
        found = true;
        const auto& gateway = prepared.gateways[recipient.gateway.value];
        NotificationRenderer renderer(prepared.campaign, *gateway.type, prepared.file.template_path,
                                      prepared.file.tag_places);
        auto values = recipient.values;
        const auto address = look_up(site, prepared, recipient, values);
        const auto notification = renderer.render(recipient.appid, values, site.clock().wall(), {});
        if (!notification)
            throw ConfigError(options.file,
                              fmt::format("the payload for {} has {} bytes, {} takes {} at most",
                                          options.appid, renderer.payload_bytes(),
                                          gateway.options->name, renderer.payload_bytes_max()));
        print_preview(invocation, gateway, gateway.type->preview(*gateway.options, *notification),
                      renderer.payload_bytes(), renderer.payload_bytes_max());
    });
    if (!found)
        throw ConfigError(RowsName(prepared.file.audience, false).text(),
                          fmt::format("the audience has no appid '{}'", options.appid));
    return kExitDone;
}

}  // namespace

void add_preview(const Verb& app, Invocation& invocation) {
    const auto options = std::make_shared<PreviewOptions>();
    const auto verb =
        app.add_subcommand("preview", "The exact request that a device's gateway would get");
    verb.add_option("FILE", options->file, "The campaign file").required();
    verb.add_option("--appid", options->appid, "A device of the audience")
        .required()
        .type_name("ID");
    verb.add_option("--param", options->params, "Fills ${param:KEY} in the file; repeatable")
        .type_name("KEY=VALUE")
        .allow_extra_args(false);
    verb.footer(
        "Nothing is sent; secrets are left out.\n"
        "Examples:\n"
        "  pushonce preview config/spring-sale.yaml --appid d-000017");
    verb.callback([&invocation, options] {
        invocation.action = [&invocation, options] { return preview(invocation, *options); };
    });
}

}  // namespace dispatcher::cli
