#include "audience/zstd_source.h"

#include <fmt/format.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "audience/packed_input.h"
#include "base/error.h"
#include "base/invariant.h"

namespace dispatcher {
namespace {

/// Window of 16 MiB at most: what levels up to 19 use, and no more memory than that.
constexpr int kWindowLogMax = 24;

}  // namespace

struct ZstdSource::State {
    State(std::unique_ptr<ByteSource> packed, std::string path)
        : input(std::move(packed)), name(std::move(path)), context(ZSTD_createDCtx()) {
        invariant(context != nullptr, "a zstd context can be made");
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, kWindowLogMax);
    }
    ~State() { ZSTD_freeDCtx(context); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    PackedInput input;
    std::string name;
    ZSTD_DCtx* context;
    bool is_in_frame = true;  ///< an empty file is cut off, too
    std::uint64_t unpacked = 0;
};

ZstdSource::ZstdSource(std::unique_ptr<ByteSource> packed, std::string name)
    : state_(std::make_unique<State>(std::move(packed), std::move(name))) {}

ZstdSource::~ZstdSource() = default;

std::size_t ZstdSource::read(char* out, std::size_t capacity) {
    ZSTD_outBuffer unpacked{out, capacity, 0};
    while (unpacked.pos == 0) {
        const auto packed = state_->input.bytes();
        if (packed.empty() && !state_->is_in_frame) break;
        ZSTD_inBuffer in{packed.data(), packed.size(), 0};
        const auto answer = ZSTD_decompressStream(state_->context, &unpacked, &in);
        if (ZSTD_getErrorCode(answer) == ZSTD_error_frameParameter_windowTooLarge)
            throw ConfigError(state_->name,
                              fmt::format("was packed with a window of more than {} MiB; "
                                          "pack it again with `zstd -19` or less",
                                          (1 << kWindowLogMax) >> 20));
        if (ZSTD_isError(answer) != 0)
            throw ConfigError(state_->name, "is not a zstd archive, or it is damaged");
        state_->input.use(in.pos);
        // What the decoder still holds comes out without new input; only then is the end early.
        if (packed.empty() && unpacked.pos == 0)
            throw ConfigError(state_->name,
                              "the zstd archive ends early: it was cut off; copy it again");
        state_->is_in_frame = answer != 0;
    }
    state_->unpacked += unpacked.pos;
    return unpacked.pos;
}

std::optional<std::uint64_t> ZstdSource::expected_bytes() const {
    return state_->input.expected(state_->unpacked);
}

}  // namespace dispatcher
