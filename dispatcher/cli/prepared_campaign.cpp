#include "cli/prepared_campaign.h"

#include <fmt/format.h>

#include "audience/rows_name.h"
#include "base/error.h"
#include "base/invariant.h"
#include "cli/assemble.h"
#include "cli/state_words.h"
#include "engine/address_binder.h"
#include "engine/campaign_rows.h"
#include "source/query_rows.h"

namespace dispatcher::cli {
namespace {

std::vector<const GatewayType*> types_of(const std::vector<GatewayChoice>& gateways) {
    std::vector<const GatewayType*> types;
    for (const auto& gateway : gateways)
        types.push_back(gateway.type);
    return types;
}

/// `is_refreshed`: the addresses are looked up later, so those here do not count.
TokenCheck token_check(const std::vector<GatewayChoice>& gateways, bool is_refreshed) {
    TokenCheck check = [&gateways, is_refreshed](
                           GatewayNo no, std::string_view token) -> std::optional<std::string> {
        const auto& type = *gateways[no.value].type;
        if (!type.needs_token() || is_refreshed) return std::nullopt;
        if (token.empty()) return "the token is missing";
        return type.token_problem(token);
    };
    for (const auto& gateway : gateways)
        check.columns.push_back(gateway.type->token_columns());
    if (is_refreshed) check.looked_up = address_columns(types_of(gateways));
    return check;
}

/// Where the audience leads when it is not a file.
OpenRows open_rows(Site& site, std::vector<std::string>& warnings) {
    return [&site, &warnings](const RowsFrom& from) -> std::unique_ptr<RowReader> {
        const auto where = RowsName(from, false).text();
        const auto& part = from.part;
        if (part.kind == AudiencePart::Kind::campaign) {
            auto record = site.find(part.campaign, from.place);
            if (!is_finished(record.head.state) && !part.outcomes.empty())
                warnings.push_back(fmt::format("{} is {}: whoever has these outcomes may change",
                                               name_of(part), words_of(record.head.state)));
            return std::make_unique<CampaignRows>(site.campaigns(), std::move(record),
                                                  part.outcomes, where);
        }
        const auto* source = site.server().source(part.source);
        invariant(source != nullptr, "the campaign file names sources that are there");
        return std::make_unique<QueryRows>(open_session(*source, where)->run(part.query), where);
    };
}

std::vector<GatewayChoice> gateways_of(const Site& site, const CampaignFile& file) {
    std::vector<GatewayChoice> gateways;
    for (const auto& name : file.routing.gateways) {
        gateways.push_back(site.gateway(name));
        const auto& options = *gateways.back().options;
        if (!options.is_for_show && !options.ca_file.empty())
            options.file("ca_file").require_readable();
    }
    return gateways;
}

Campaign campaign_of(const CampaignFile& file, const std::vector<GatewayChoice>& gateways) {
    Campaign campaign;
    campaign.name = file.name;
    campaign.once_per = file.once_per;
    campaign.message = file.message;
    campaign.in_doubt = file.in_doubt;
    for (const auto& gateway : gateways)
        campaign.gateways.push_back(
            {gateway.options->name, gateway.options->type, gateway.type->target(*gateway.options)});
    return campaign;
}

}  // namespace

AddressBinder make_binder(const PreparedCampaign& prepared, std::size_t gateway,
                          AddressBook& book) {
    return {book, *prepared.gateways[gateway].type, prepared.audience.columns(),
            address_columns(types_of(prepared.gateways))};
}

Params parse_params(const std::vector<std::string>& given) {
    Params params;
    for (const auto& pair : given) {
        const auto equals = pair.find('=');
        if (equals == std::string::npos || equals == 0)
            throw ConfigError("--param", fmt::format("'{}' is not of the form key=value", pair));
        if (!params.emplace(pair.substr(0, equals), pair.substr(equals + 1)).second)
            throw ConfigError("--param",
                              fmt::format("'{}' is given twice", pair.substr(0, equals)));
    }
    return params;
}

CampaignFile load_campaign(const Site& site, const std::string& path, const Params& params) {
    auto file = load_campaign_file(path, params, site.gateway_names(), site.source_names());
    const auto add_target = [&site](AudiencePart& part) {
        if (const auto* source = site.server().source(part.source)) part.target = source->url;
    };
    add_target(file.audience.part);
    for (auto& from : file.audience.exclude)
        add_target(from.part);
    if (file.audience.refresh) add_target(file.audience.refresh->part);
    return file;
}

PreparedCampaign prepare(Site& site, CampaignFile file,
                         const std::function<void(std::uint64_t)>& progress) {
    auto gateways = gateways_of(site, file);
    std::vector<std::string> warnings;
    auto audience = Audience::read(file.audience, file.routing,
                                   token_check(gateways, file.audience.refresh.has_value()),
                                   progress, open_rows(site, warnings));
    auto campaign = campaign_of(file, gateways);
    campaign.audience.recipients = audience.counts().recipients;
    campaign.audience.columns = audience.columns();
    return {std::move(file), std::move(gateways), std::move(audience), std::move(campaign),
            std::move(warnings)};
}

Campaign unread_campaign(const Site& site, const CampaignFile& file) {
    auto campaign = campaign_of(file, gateways_of(site, file));
    campaign.audience.origin = hashed_origin_of(file.audience);
    return campaign;
}

}  // namespace dispatcher::cli
