#include "cli/site.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/error.h"
#include "base/log.h"
#include "campaign/nearest_name.h"
#include "cli/assemble.h"
#include "cli/lost_store.h"
#include "journal/known_stores.h"
#include "source/refresh_query.h"
#include "store/store_error.h"

namespace dispatcher::cli {
namespace {

/// Campaigns whose names are looked at for the one that was meant.
constexpr std::size_t kNamesMax = 200;
constexpr int kLookUpsInLease = 6;

std::string hex_of(std::string_view bytes) {
    return to_hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

}  // namespace

ServerFile read_server_file(const std::string& path, const std::set<std::string_view>& unneeded) {
    const auto types = make_gateway_types();
    std::vector<const GatewayType*> known;
    for (const auto& type : types)
        known.push_back(type.get());
    return load_server_file(path, known, unneeded);
}

Site::Site(const Globals& globals, Use use)
    : types_(make_gateway_types()),
      server_(read_server_file(find_server_file(globals.config))),
      use_(use) {
    auto log_options = server_.log;
    if (globals.log_level) log_options.level = *globals.log_level;
    start_log(log_options);
}

Site::Site(const ServerFile& server, Use use)
    : types_(make_gateway_types()), server_(server), use_(use) {}

std::vector<std::string> Site::gateway_names() const {
    std::vector<std::string> names;
    for (const auto& gateway : server_.gateways)
        names.push_back(gateway.name);
    return names;
}

std::vector<std::string> Site::source_names() const {
    std::vector<std::string> names;
    for (const auto& source : server_.sources)
        names.push_back(source.name);
    return names;
}

const GatewayType& Site::type(const std::string& name) const {
    for (const auto& type : types_)
        if (type->name() == name) return *type;
    throw ConfigError(server_.path, fmt::format("there is no gateway type '{}'", name));
}

GatewayChoice Site::gateway(const std::string& name) const {
    const auto* options = server_.gateway(name);
    if (options == nullptr)
        throw ConfigError(server_.path, fmt::format("there is no gateway '{}'{}", name,
                                                    hint_for(name, gateway_names())));
    return {options, &type(options->type)};
}

GatewayChoice Site::sealed_gateway(const SealedGateway& sealed) const {
    const auto* options = server_.gateway(sealed.name);
    if (options == nullptr)
        throw RefusedError(fmt::format(
            "the campaign goes over gateway '{}' ({}), which {} does not have; add it there",
            sealed.name, sealed.target, server_.path));
    const auto& found = type(options->type);
    const auto target = found.target(*options);
    if (options->type != sealed.type || target != sealed.target)
        throw RefusedError(fmt::format(
            "gateway '{}' is another one than the campaign was sealed for.\n  sealed: {} {}\n  {}: "
            "{} {}\nGive it back its target; or, if the server file is right now, accept the other "
            "one: `pushonce resume CAMPAIGN --accept-target --because \"…\"`.",
            sealed.name, sealed.type, sealed.target, server_.path, options->type, target));
    return {options, &found};
}

std::unique_ptr<AddressBook> Site::address_book(const AudiencePart& refresh,
                                                const std::string& place) const {
    const auto* known = server_.source(refresh.source);
    if (known == nullptr)
        throw RefusedError(
            fmt::format("the campaign looks up its devices in source '{}' ({}), which {} does not "
                        "have; add it there",
                        refresh.source, refresh.target, server_.path));
    auto source = *known;
    // A lane that looks up does not renew its leases meanwhile.
    const auto most = std::max<std::chrono::milliseconds>(server_.store.lease / kLookUpsInLease,
                                                          std::chrono::seconds(1));
    if (source.timeout > most) {
        source.timeout = most;
        source.timeout_key =
            fmt::format("store.lease (a look-up may take a {}th of it)", kLookUpsInLease);
    }
    const auto where = fmt::format("{}audience.refresh, source {}",
                                   place.empty() ? std::string() : place + ": ", source.name);
    return std::make_unique<RefreshQuery>([source, where] { return open_session(source, where); },
                                          refresh.query, where);
}

CampaignStore& Site::campaigns_unchecked() {
    if (!campaigns_) campaigns_ = open_campaign_store(server_.store);
    return *campaigns_;
}

CampaignStore& Site::campaigns() {
    check_schema();
    return campaigns_unchecked();
}

Store& Site::store() {
    check_schema();
    if (!store_) store_ = open_store(server_.store);
    return *store_;
}

Retention& Site::retention() {
    check_schema();
    if (!retention_) retention_ = open_retention(server_.store);
    return *retention_;
}

DeviceRecords& Site::device_records() {
    check_schema();
    if (!device_records_) device_records_ = open_device_records(server_.store);
    return *device_records_;
}

JournalDirectory& Site::journals() {
    if (!journals_) {
        const auto store_id = campaigns().store_id();
        journals_ = open_journals(server_.journal.dir, server_.journal.sync, store_id);
        if (is_embedded(server_.store))
            KnownStores(server_.journal.dir).note({hex_of(store_id), server_.store.url});
    }
    return *journals_;
}

bool Site::is_store_made() {
    return schema_checked_ || campaigns_unchecked().schema_version().found != 0;
}

void Site::check_schema() {
    if (schema_checked_) return;
    auto& campaigns = campaigns_unchecked();
    const auto version = campaigns.schema_version();
    if (version.found == 0 && is_embedded(server_.store) && use_ == Use::read) {
        throw StoreError(StoreError::Kind::schema,
                         fmt::format("there is no store yet: {}", server_.store.url));
    } else if (version.found == 0 && is_embedded(server_.store)) {
        make_store();
    } else if (version.found == 0) {
        throw StoreError(
            StoreError::Kind::schema,
            fmt::format("{} has no tables of Pushonce: `pushonce store init` makes them",
                        server_.store.url));
    } else if (version.found != version.wanted) {
        throw StoreError(StoreError::Kind::schema,
                         fmt::format("{} has tables of version {}, this program wants {}: "
                                     "`pushonce store migrate`, or the newer program",
                                     server_.store.url, version.found, version.wanted));
    }
    schema_checked_ = true;
}

void Site::make_store() {
    if (const auto lost = find_lost_store(server_)) {
        const auto problem = fmt::format("{}; {}", lost->text, lost->cure);
        if (lost->is_same) throw StoreError(StoreError::Kind::durability_lost, problem);
        throw RefusedError(problem);
    }
    campaigns_unchecked().init();
    log(LogLevel::info, "made the store {}", server_.store.url);
}

CampaignRecord Site::find(const std::string& name, const std::string& where) {
    if (use_ == Use::read && !is_store_made())
        throw ConfigError(where, fmt::format("there is no campaign '{}': the store {} is not there "
                                             "yet",
                                             name, server_.store.url));
    if (auto record = campaigns().find(name)) return std::move(*record);
    std::vector<std::string> names;
    for (const auto& record : campaigns().list(kNamesMax))
        names.push_back(record.name.text());
    const auto nearest = nearest_name(name, names);
    throw ConfigError(where, fmt::format("the store has no campaign '{}'{}", name,
                                         nearest.empty() ? "; `pushonce status` lists them all"
                                                         : "; did you mean '" + nearest + "'?"));
}

EngineOptions Site::engine_options() const {
    EngineOptions options;
    options.lease = server_.store.lease;
    options.store_patience = server_.store.patience;
    return options;
}

}  // namespace dispatcher::cli
