#include "audience/gzip_source.h"

#include <algorithm>
#include <limits>

#include <zlib.h>

#include "audience/packed_input.h"
#include "base/error.h"
#include "base/invariant.h"

namespace dispatcher {
namespace {

constexpr int kGzipOnly = 16 + MAX_WBITS;  // zlib.h, inflateInit2(): 16 is added for gzip alone

}  // namespace

struct GzipSource::State {
    State(std::unique_ptr<ByteSource> packed, std::string path)
        : input(std::move(packed)), name(std::move(path)) {
        invariant(inflateInit2(&stream, kGzipOnly) == Z_OK, "zlib can be initialised");
    }
    ~State() { inflateEnd(&stream); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    PackedInput input;
    std::string name;
    z_stream stream{};
    bool is_in_member = false;
    std::uint64_t unpacked = 0;
};

GzipSource::GzipSource(std::unique_ptr<ByteSource> packed, std::string name)
    : state_(std::make_unique<State>(std::move(packed), std::move(name))) {}

GzipSource::~GzipSource() = default;

std::size_t GzipSource::read(char* out, std::size_t capacity) {
    auto& stream = state_->stream;
    capacity = std::min<std::size_t>(capacity, std::numeric_limits<uInt>::max());
    stream.next_out = reinterpret_cast<Bytef*>(out);
    stream.avail_out = static_cast<uInt>(capacity);
    while (stream.avail_out == capacity) {
        const auto packed = state_->input.bytes();
        if (packed.empty() && !state_->is_in_member && stream.total_in > 0) break;
        if (packed.empty())
            throw ConfigError(state_->name,
                              "the gzip archive ends early: it was cut off; copy it again");
        if (!state_->is_in_member && stream.total_in > 0) inflateReset(&stream);
        state_->is_in_member = true;
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
        stream.avail_in = static_cast<uInt>(packed.size());
        const int answer = inflate(&stream, Z_NO_FLUSH);
        state_->input.use(packed.size() - stream.avail_in);
        if (answer == Z_STREAM_END)
            state_->is_in_member = false;
        else if (answer != Z_OK && answer != Z_BUF_ERROR)
            throw ConfigError(state_->name, "is not a gzip archive, or it is damaged");
    }
    const auto got = capacity - stream.avail_out;
    state_->unpacked += got;
    return got;
}

std::optional<std::uint64_t> GzipSource::expected_bytes() const {
    return state_->input.expected(state_->unpacked);
}

}  // namespace dispatcher
