#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audience/chunk_block.h"
#include "audience/row_reader.h"
#include "audience/token_check.h"
#include "campaign/campaign.h"
#include "campaign/ids.h"
#include "campaign/routing.h"

namespace dispatcher {

/// Where rows are read from: a file, a query, or another campaign.
struct RowsFrom {
    AudiencePart part;
    /// Of a file: absolute path, or "-" for stdin; .csv or .ndjson, also .gz or .zst.
    std::string file;
    /// Format of stdin; elsewhere the file name tells.
    enum class Format : std::uint8_t { by_name, csv, ndjson } format = Format::by_name;
    /// Of a query or a campaign: where it is written, file:line:column, for messages.
    std::string place;
};

/// Opens the rows of a query or of a campaign; files are read here. Throws as Audience::read()
/// does.
using OpenRows = std::function<std::unique_ptr<RowReader>(const RowsFrom&)>;

struct AudienceOptions : RowsFrom {
    std::vector<RowsFrom>
        exclude;  ///< whose appids are struck out; other columns are not looked at
    /// The query that gives the members' addresses when their turn comes.
    std::optional<RowsFrom> refresh;
    std::optional<std::uint64_t> expect_min;
    std::optional<std::uint64_t> expect_max;
    OnBadRow on_bad_row = OnBadRow::stop;
    OnSharedToken on_shared_token = OnSharedToken::stop;
    bool needs_timezone = false;  ///< every row must name a time zone that is known
    std::string scratch_dir;      ///< for sorted runs; empty: $TMPDIR or /tmp
    std::size_t sort_bytes_max = std::size_t{24} << 20;  ///< memory of one sort buffer
};

/// The definition of an audience, before anything of it is read.
AudienceOrigin origin_of(const AudienceOptions& options);
/// The same, with the content of its files hashed where a query or a campaign is part of it: all
/// that a sealed campaign is compared by without reading its audience. Throws as Audience::read().
AudienceOrigin hashed_origin_of(const AudienceOptions& options);

/// A row that was left out, or that stops everything.
struct RowProblem {
    std::uint64_t line = 0;  ///< physical line of the file where the row begins, from 1; or row
    std::string problem;
    std::string where;  ///< "line 3", "row 3", "line 3 of optouts.csv"
};

struct AudienceCounts {
    std::uint64_t rows = 0;        ///< data rows read
    std::uint64_t recipients = 0;  ///< to be sent to: after checks, deduplication and exclusion
    std::uint64_t excluded = 0;    ///< members that are struck out: sealed too, and never sent to
    /// By the options' `exclude`: members that this part struck out, and none before it.
    std::vector<std::uint64_t> excluded_by;
    std::uint64_t duplicates = 0;  ///< rows whose appid was there before (the first row counts)
    std::uint64_t bad_rows = 0;
    std::uint64_t shared_tokens = 0;  ///< rows whose device token another appid has
    std::vector<std::uint64_t> by_gateway;
    std::vector<RowProblem> problems;  ///< the first 100
};

/// An audience read, checked, sorted by appid (bytewise), deduplicated and spooled to a scratch
/// file that vanishes with the object. Memory does not grow with the audience. One thread.
class Audience {
  public:
    /// Throws ConfigError (`file:line: …`) for what a person must mend, UnavailableError for a full
    /// disk. `progress` hears of rows read, now and then; may be empty.
    static Audience read(const AudienceOptions& options, const Routing& routing,
                         const TokenCheck& check_token,
                         const std::function<void(std::uint64_t rows)>& progress,
                         const OpenRows& open_rows = {});
    ~Audience();
    Audience(Audience&&) noexcept;
    Audience& operator=(Audience&&) noexcept;

    [[nodiscard]] const AudienceCounts& counts() const;
    /// Names of the data columns (without appid), in the order of the values below.
    [[nodiscard]] const std::vector<std::string>& columns() const;

    struct Recipient {
        std::string_view appid;
        GatewayNo gateway;
        const std::vector<std::string_view>& values;  ///< by column; may be shorter: empty
    };
    /// From now on every recipient of `gateway` has `value` in this column, whatever was read.
    void replace(GatewayNo gateway, std::size_t column, std::string value);
    /// Where its members came from, with what each exclusion struck out.
    [[nodiscard]] const AudienceOrigin& origin() const;
    /// Every recipient in appid order, without the excluded members. May be called again.
    void for_each(const std::function<void(const Recipient&)>& visit) const;

    struct Chunk {
        ChunkNo no;
        GatewayNo gateway;
        std::string key_lo;
        std::string key_hi;
        std::uint32_t rows = 0;
        ChunkWriter::Blocks blocks;
    };
    /// Cuts the audience into chunks of at most kChunkRows recipients of one gateway, numbered from
    /// 0, and answers the seal; excluded members have chunks of kExcludedGateway. Deterministic:
    /// the same members give the same chunks.
    AudienceSeal cut(const std::function<void(Chunk&&)>& take) const;

  private:
    class Spool;
    explicit Audience(std::unique_ptr<Spool> spool);
    std::unique_ptr<Spool> spool_;
};

}  // namespace dispatcher
