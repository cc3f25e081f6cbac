#include "audience/audience.h"

#include <algorithm>

#include <fmt/format.h>

#include "audience/external_sort.h"
#include "audience/intake.h"
#include "audience/part_rows.h"
#include "audience/recipient_record.h"
#include "audience/row_check.h"
#include "audience/row_values.h"
#include "audience/rows_name.h"
#include "audience/shared_tokens.h"
#include "base/error.h"
#include "base/invariant.h"

namespace dispatcher {
namespace {

constexpr std::size_t kSpoolReadBytes = std::size_t{256} << 10;
constexpr std::size_t kSharedTokensListed = 20;

/// Columns that are looked up later have their place, though the rows here may be empty in them.
void add_missing(const std::vector<std::string>& wanted, std::vector<std::string>& columns) {
    for (const auto& name : wanted)
        if (std::find(columns.begin(), columns.end(), name) == columns.end())
            columns.push_back(name);
}

/// A position in the spool as a key that sorts as the number does.
std::uint64_t position_key(std::uint64_t position) {
    return __builtin_bswap64(position);
}

std::string_view as_bytes(const std::uint64_t& key) {
    return {reinterpret_cast<const char*>(&key), sizeof key};
}

}  // namespace

/// The sorted recipients in scratch, and which of them are dropped for a shared device token.
class Audience::Spool {
  public:
    Spool(const AudienceOptions& options, const TokenCheck& check_token, std::size_t gateways)
        : space(options.scratch_dir),
          options_(options),
          check_token_(check_token),
          name_(options, false),
          file_(space),
          gateways_(gateways) {
        counts.by_gateway.assign(gateways, 0);
        counts.excluded_by.assign(options.exclude.size(), 0);
        origin = origin_of(options);
    }

    /// Takes the records of the sort, which it ends: keeps the first of each appid, looks for
    /// shared device tokens, and judges the whole.
    void fill(ExternalSort& sort);
    /// Every member's record in order, but the dropped ones.
    template <class Visit>
    void for_each_record(const Visit& visit);
    [[nodiscard]] std::size_t gateways() const { return gateways_; }
    /// Puts what replaces values of this gateway in their places; answers whether anything does.
    bool replace_in(GatewayNo gateway, std::vector<std::string_view>& values) const;

    struct Replacement {
        GatewayNo gateway;
        std::size_t column;
        std::string value;
    };
    std::vector<Replacement> replacements;
    ScratchSpace space;
    AudienceCounts counts;
    AudienceOrigin origin;
    std::vector<std::string> columns;

  private:
    void write_members(ExternalSort& sort, SharedTokens& tokens);
    void settle_shared_tokens(SharedTokens& tokens);
    void drop(ExternalSort& positions);
    [[noreturn]] void refuse_shared_tokens(const std::vector<SharedTokens::Shared>& first) const;
    void check_size() const;

    AudienceOptions options_;
    TokenCheck check_token_;
    RowsName name_;
    ScratchFile file_;
    Extent members_;
    std::unique_ptr<ScratchFile> dropped_file_;
    Extent dropped_;
    std::size_t gateways_;
};

void Audience::Spool::fill(ExternalSort& sort) {
    SharedTokens tokens(space, options_.sort_bytes_max);
    write_members(sort, tokens);
    settle_shared_tokens(tokens);
    check_size();
}

// Of equal keys, exclusions come before the members' rows, and those in their order.
void Audience::Spool::write_members(ExternalSort& sort, SharedTokens& tokens) {
    const auto token_places = check_token_.places_in(columns, gateways_);
    RecordWriter writer(file_);
    std::string last;           // member
    std::string last_excluded;  // exclusion; no appid is empty
    std::size_t excluded_by = 0;
    std::string excluded_payload(reinterpret_cast<const char*>(&kExcludedGateway.value),
                                 kGatewayBytes);
    sort.finish([&](const Record& record) {
        const auto payload = without_line(record.payload);
        const auto gateway = gateway_of(payload);
        if (gateway == kExcludedGateway) {
            if (record.key == last_excluded) return;
            last_excluded = record.key;
            excluded_by = line_of(record.payload);
            return;
        }
        if (record.key == last) {
            ++counts.duplicates;
            return;
        }
        last = record.key;
        if (record.key == last_excluded) {
            excluded_payload.replace(kGatewayBytes, std::string::npos, values_of(payload));
            writer.add(record.key, excluded_payload);
            ++counts.excluded_by[excluded_by];
            ++origin.exclude[excluded_by].excluded;
            ++counts.excluded;
            return;
        }
        tokens.add(gateway, value_at(values_of(payload), token_places[gateway.value].identity()),
                   line_of(record.payload), counts.recipients + counts.excluded);
        writer.add(record.key, payload);
        ++counts.by_gateway[gateway.value];
        ++counts.recipients;
    });
    members_ = writer.finish();
}

void Audience::Spool::settle_shared_tokens(SharedTokens& tokens) {
    using Shared = SharedTokens::Shared;
    std::vector<Shared> first;
    std::unique_ptr<ExternalSort> positions;
    counts.shared_tokens = tokens.finish([&](const Shared& shared) {
        if (options_.on_shared_token == OnSharedToken::stop) {
            const auto place =
                std::upper_bound(first.begin(), first.end(), shared,
                                 [](const Shared& a, const Shared& b) { return a.line < b.line; });
            first.insert(place, shared);
            if (first.size() > kSharedTokensListed) first.pop_back();
        } else if (options_.on_shared_token == OnSharedToken::first) {
            if (positions == nullptr)
                positions = std::make_unique<ExternalSort>(space, options_.sort_bytes_max / 4);
            positions->add(as_bytes(position_key(shared.position)), 0);
            --counts.by_gateway[shared.gateway.value];
            --counts.recipients;
        }
    });
    if (!first.empty()) refuse_shared_tokens(first);
    if (positions != nullptr) drop(*positions);
}

void Audience::Spool::drop(ExternalSort& positions) {
    dropped_file_ = std::make_unique<ScratchFile>(space);
    RecordWriter writer(*dropped_file_);
    positions.finish([&writer](const Record& record) { writer.add_whole(record.whole); });
    dropped_ = writer.finish();
}

void Audience::Spool::refuse_shared_tokens(const std::vector<SharedTokens::Shared>& first) const {
    std::string text;
    for (const auto& shared : first)
        text += fmt::format("{}: has the device token of {} {}, but another appid\n",
                            name_.row(shared.line), name_.unit(), shared.first_line);
    throw ConfigError("", text + fmt::format("{} rows share a device token: one device would be "
                                             "notified twice; `on_shared_token: first` keeps the "
                                             "first row of each, `allow` sends to all",
                                             counts.shared_tokens));
}

void Audience::Spool::check_size() const {
    const auto& name = name_.text();
    if (counts.recipients == 0)
        throw ConfigError(
            name,
            fmt::format(
                "the audience is empty: {} rows were read, {} of them bad{}", counts.rows,
                counts.bad_rows,
                counts.excluded > 0 ? fmt::format(", {} members excluded", counts.excluded) : ""));
    if (options_.expect_min && counts.recipients < *options_.expect_min)
        throw ConfigError(name, fmt::format("the audience has {} recipients, fewer than expected "
                                            "(`expect: {{min: {}}}`)",
                                            counts.recipients, *options_.expect_min));
    if (options_.expect_max && counts.recipients > *options_.expect_max)
        throw ConfigError(name, fmt::format("the audience has {} recipients, more than expected "
                                            "(`expect: {{max: {}}}`)",
                                            counts.recipients, *options_.expect_max));
}

template <class Visit>
void Audience::Spool::for_each_record(const Visit& visit) {
    RecordReader members(file_, members_, kSpoolReadBytes, RecordReader::Keep::yes);
    std::unique_ptr<RecordReader> dropped;
    if (dropped_file_ != nullptr)
        dropped = std::make_unique<RecordReader>(*dropped_file_, dropped_, kSpoolReadBytes,
                                                 RecordReader::Keep::yes);
    bool is_drop_ahead = dropped != nullptr && dropped->next();
    for (std::uint64_t position = 0; members.next(); ++position) {
        if (is_drop_ahead && dropped->record().key == as_bytes(position_key(position)))
            is_drop_ahead = dropped->next();
        else
            visit(members.record());
    }
}

bool Audience::Spool::replace_in(GatewayNo gateway, std::vector<std::string_view>& values) const {
    bool is_changed = false;
    for (const auto& [of, column, value] : replacements) {
        if (of != gateway) continue;
        if (values.size() <= column) values.resize(column + 1);
        values[column] = value;
        is_changed = true;
    }
    return is_changed;
}

AudienceOrigin origin_of(const AudienceOptions& options) {
    AudienceOrigin origin;
    origin.members = options.part;
    for (const auto& from : options.exclude)
        origin.exclude.push_back(from.part);
    if (options.refresh) origin.refresh = options.refresh->part;
    origin.on_bad_row = options.on_bad_row;
    origin.on_shared_token = options.on_shared_token;
    return origin;
}

AudienceOrigin hashed_origin_of(const AudienceOptions& options) {
    auto origin = origin_of(options);
    if (!is_live(origin)) return origin;
    const auto hash = [](const RowsFrom& from, AudiencePart& part) {
        if (part.kind == AudiencePart::Kind::file)
            part.content_sha256 = file_content_sha256(from.file);
    };
    hash(options, origin.members);
    for (std::size_t i = 0; i < options.exclude.size(); ++i)
        hash(options.exclude[i], origin.exclude[i]);
    return origin;
}

Audience Audience::read(const AudienceOptions& options, const Routing& routing,
                        const TokenCheck& check_token,
                        const std::function<void(std::uint64_t rows)>& progress,
                        const OpenRows& open_rows) {
    invariant(!routing.gateways.empty(), "a routing names at least one gateway");
    auto spool = std::make_unique<Spool>(options, check_token, routing.gateways.size());
    ExternalSort sort(spool->space, options.sort_bytes_max);
    Intake intake(options, routing, check_token, open_rows, spool->space, spool->counts,
                  spool->origin);
    spool->columns = intake.read(sort, progress);
    add_missing(check_token.looked_up, spool->columns);
    spool->fill(sort);
    return Audience(std::move(spool));
}

Audience::Audience(std::unique_ptr<Spool> spool) : spool_(std::move(spool)) {}
Audience::~Audience() = default;
Audience::Audience(Audience&&) noexcept = default;
Audience& Audience::operator=(Audience&&) noexcept = default;

const AudienceCounts& Audience::counts() const {
    return spool_->counts;
}

const std::vector<std::string>& Audience::columns() const {
    return spool_->columns;
}

void Audience::replace(GatewayNo gateway, std::size_t column, std::string value) {
    spool_->replacements.push_back({gateway, column, std::move(value)});
}

const AudienceOrigin& Audience::origin() const {
    return spool_->origin;
}

void Audience::for_each(const std::function<void(const Recipient&)>& visit) const {
    std::vector<std::string_view> values;
    spool_->for_each_record([&](const Record& record) {
        const auto gateway = gateway_of(record.payload);
        if (gateway == kExcludedGateway) return;
        split_values(values_of(record.payload), values);
        (void)spool_->replace_in(gateway, values);
        visit({record.key, gateway, values});
    });
}

AudienceSeal Audience::cut(const std::function<void(Chunk&&)>& take) const {
    AudienceSeal seal;
    Sha256 hash;
    std::uint32_t chunks = 0;
    std::vector<ChunkWriter> writers(spool_->gateways());
    ChunkWriter excluded;
    const auto writer_of = [&](GatewayNo gateway) -> ChunkWriter& {
        return gateway == kExcludedGateway ? excluded : writers[gateway.value];
    };
    const auto end_chunk = [&](GatewayNo gateway) {
        auto& writer = writer_of(gateway);
        const auto& appids = writer.appids();
        Chunk chunk{ChunkNo{chunks++},
                    gateway,
                    std::string(appids.front()),
                    std::string(appids.back()),
                    static_cast<std::uint32_t>(appids.size()),
                    {}};
        chunk.blocks = writer.finish();
        const char big_endian[] = {static_cast<char>(gateway.value >> 8),
                                   static_cast<char>(gateway.value & 0xff)};
        hash.update({big_endian, sizeof big_endian});
        hash.update({reinterpret_cast<const char*>(chunk.blocks.sha256.data()),
                     chunk.blocks.sha256.size()});
        take(std::move(chunk));
    };
    std::vector<std::string_view> values;
    spool_->for_each_record([&](const Record& record) {
        const auto gateway = gateway_of(record.payload);
        auto& writer = writer_of(gateway);
        if (!spool_->replacements.empty()) split_values(values_of(record.payload), values);
        if (spool_->replace_in(gateway, values))
            writer.add(record.key, values);
        else
            writer.add_encoded(record.key, values_of(record.payload));
        if (writer.is_full()) end_chunk(gateway);
    });
    for (std::size_t i = 0; i < writers.size(); ++i)
        if (writers[i].rows() > 0) end_chunk(GatewayNo{static_cast<std::uint16_t>(i)});
    if (excluded.rows() > 0) end_chunk(kExcludedGateway);
    seal.recipients = spool_->counts.recipients;
    seal.excluded = spool_->counts.excluded;
    seal.origin = spool_->origin;
    seal.sha256 = hash.finish();
    seal.columns = spool_->columns;
    return seal;
}

}  // namespace dispatcher
