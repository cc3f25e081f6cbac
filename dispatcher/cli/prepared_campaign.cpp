#include "cli/prepared_campaign.h"

#include <fmt/format.h>

#include "base/error.h"

namespace dispatcher::cli {
namespace {

TokenCheck token_check(const std::vector<GatewayChoice>& gateways) {
    return [&gateways](GatewayNo no, std::string_view token) -> std::optional<std::string> {
        const auto& type = *gateways[no.value].type;
        if (!type.needs_token()) return std::nullopt;
        if (token.empty()) return "the token is missing";
        return type.token_problem(token);
    };
}

Campaign campaign_of(const CampaignFile& file, const std::vector<GatewayChoice>& gateways,
                     const Audience& audience) {
    Campaign campaign;
    campaign.name = file.name;
    campaign.once_per = file.once_per;
    campaign.message = file.message;
    campaign.in_doubt = file.in_doubt;
    for (const auto& gateway : gateways)
        campaign.gateways.push_back(
            {gateway.options->name, gateway.options->type, gateway.type->target(*gateway.options)});
    campaign.audience.recipients = audience.counts().recipients;
    campaign.audience.columns = audience.columns();
    return campaign;
}

}  // namespace

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
    return load_campaign_file(path, params, site.gateway_names());
}

PreparedCampaign prepare(const Site& site, CampaignFile file,
                         const std::function<void(std::uint64_t)>& progress) {
    std::vector<GatewayChoice> gateways;
    for (const auto& name : file.routing.gateways)
        gateways.push_back(site.gateway(name));
    auto audience = Audience::read(file.audience, file.routing, token_check(gateways), progress);
    auto campaign = campaign_of(file, gateways, audience);
    return {std::move(file), std::move(gateways), std::move(audience), std::move(campaign)};
}

}  // namespace dispatcher::cli
