#include "audience/chunk_block.h"

#include <cstring>
#include <memory>
#include <stdexcept>

#include <zstd.h>

#include "audience/row_values.h"
#include "audience/varint.h"
#include "base/invariant.h"
#include "campaign/names.h"

namespace dispatcher {
namespace {

constexpr int kZstdLevel = 1;
/// What a block may unpack to: a full chunk and one row of the greatest size, with room to spare.
constexpr std::size_t kRawBytesMax = std::size_t{16} << 20;

struct FreeContext {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

[[noreturn]] void fail(const char* what) {
    throw std::runtime_error(std::string("damaged chunk: ") + what);
}

ZSTD_CCtx* make_compressor() {
    ZSTD_CCtx* context = ZSTD_createCCtx();
    invariant(context != nullptr, "a zstd context can be made");
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, kZstdLevel);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    return context;
}

std::string compress(std::string_view raw) {
    thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(make_compressor());
    std::string block(ZSTD_compressBound(raw.size()), '\0');
    const auto size =
        ZSTD_compress2(context.get(), block.data(), block.size(), raw.data(), raw.size());
    invariant(ZSTD_isError(size) == 0, "zstd compresses into a buffer of its own bound");
    block.resize(size);
    block.shrink_to_fit();
    return block;
}

/// Unpacks the block into `raw`; answers what is wrong with it, or nullptr.
const char* try_decompress(std::string_view block, std::string& raw) {
    thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
    const auto size = ZSTD_getFrameContentSize(block.data(), block.size());
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN) return "no zstd header";
    if (size > kRawBytesMax) return "its size is impossible";
    raw.assign(size, '\0');
    const auto unpacked =
        ZSTD_decompressDCtx(context.get(), raw.data(), raw.size(), block.data(), block.size());
    if (ZSTD_isError(unpacked) != 0) return ZSTD_getErrorName(unpacked);
    return unpacked == raw.size() ? nullptr : "its size is not what its header says";
}

std::string decompress(std::string_view block) {
    std::string raw;
    if (const auto* const problem = try_decompress(block, raw)) fail(problem);
    return raw;
}

/// Raw keys: number of rows, then all lengths, then all bytes. Lengths apart compress to nothing.
std::string raw_keys(const AppidList& appids) {
    std::string raw((appids.size() + 1) * kVarintBytesMax + appids.bytes().size(), '\0');
    char* out = put_varint(raw.data(), static_cast<std::uint32_t>(appids.size()));
    for (std::size_t row = 0; row < appids.size(); ++row)
        out = put_varint(out, static_cast<std::uint32_t>(appids[row].size()));
    std::memcpy(out, appids.bytes().data(), appids.bytes().size());
    raw.resize(static_cast<std::size_t>(out - raw.data()) + appids.bytes().size());
    return raw;
}

Sha256Digest combine(const Sha256Digest& keys, const Sha256Digest& data) {
    std::string both(reinterpret_cast<const char*>(keys.data()), keys.size());
    both.append(reinterpret_cast<const char*>(data.data()), data.size());
    return Sha256::of(both);
}

}  // namespace

void ChunkWriter::add(std::string_view appid, const std::vector<std::string_view>& values) {
    const auto bytes = values_size(values);
    char* out = add_row(appid, bytes);
    put_values(out, values);
}

void ChunkWriter::add_encoded(std::string_view appid, std::string_view values) {
    char* out = add_row(appid, values.size());
    if (!values.empty()) std::memcpy(out, values.data(), values.size());
}

char* ChunkWriter::add_row(std::string_view appid, std::size_t value_bytes) {
    invariant(rows() < kChunkRows, "a chunk holds at most kChunkRows recipients");
    appids_.push(appid);
    const auto length = static_cast<std::uint32_t>(value_bytes);
    const auto begin = data_.size();
    data_.resize(begin + varint_size(length) + value_bytes);
    return put_varint(data_.data() + begin, length);
}

ChunkWriter::Blocks ChunkWriter::finish() {
    const auto keys = raw_keys(appids_);
    Blocks blocks;
    blocks.keys = compress(keys);
    blocks.data = compress(data_);
    blocks.sha256 = combine(Sha256::of(keys), Sha256::of(data_));
    appids_.clear();
    data_.clear();
    return blocks;
}

AppidList read_chunk_keys(std::string_view keys_block) {
    const auto raw = decompress(keys_block);
    const char* const end = raw.data() + raw.size();
    std::uint32_t rows = 0;
    const char* lengths = check_varint(raw.data(), end, rows);
    if (lengths == nullptr || rows > kChunkRows) fail("its number of rows is impossible");

    const char* appid = lengths;
    std::uint32_t length = 0;
    for (std::uint32_t row = 0; row < rows; ++row) {
        appid = check_varint(appid, end, length);
        if (appid == nullptr || length > kAppidBytesMax) fail("the length of an appid");
    }
    AppidList appids;
    appids.reserve(rows, static_cast<std::size_t>(end - appid));
    for (std::uint32_t row = 0; row < rows; ++row) {
        lengths = take_varint(lengths, length);
        if (static_cast<std::size_t>(end - appid) < length) fail("appids end early");
        appids.push({appid, length});
        appid += length;
    }
    if (appid != end) fail("bytes behind the last appid");
    return appids;
}

ChunkData::ChunkData(std::string_view data_block) : raw_(decompress(data_block)) {
    const char* in = raw_.data();
    const char* const end = in + raw_.size();
    while (in < end) {
        if (starts_.size() == kChunkRows) fail("it has too many rows");
        starts_.push_back(static_cast<std::uint32_t>(in - raw_.data()));
        std::uint32_t length = 0;
        in = check_varint(in, end, length);
        if (in == nullptr || static_cast<std::size_t>(end - in) < length) fail("a row ends early");
        if (!are_values({in, length})) fail("the values of a row");
        in += length;
    }
}

void ChunkData::row(std::size_t index, std::vector<std::string_view>& values) const {
    std::uint32_t length = 0;
    const char* in = take_varint(raw_.data() + starts_[index], length);
    split_values({in, length}, values);
}

Sha256Digest chunk_sha256(std::string_view keys_block, std::string_view data_block) {
    return combine(Sha256::of(decompress(keys_block)), Sha256::of(decompress(data_block)));
}

bool is_chunk_block(std::string_view block) {
    std::string raw;
    return try_decompress(block, raw) == nullptr;
}

Sha256Digest chunk_data_sha256(std::string_view data_block) {
    return Sha256::of(decompress(data_block));
}

Sha256Digest chunk_sha256(std::string_view keys_block, const Sha256Digest& data_sha256) {
    return combine(Sha256::of(decompress(keys_block)), data_sha256);
}

}  // namespace dispatcher
