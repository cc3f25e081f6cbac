#include "audience/packed_input.h"

namespace dispatcher {
namespace {

constexpr std::size_t kPackedBufferBytes = std::size_t{128} << 10;

}  // namespace

PackedInput::PackedInput(std::unique_ptr<ByteSource> packed)
    : packed_(std::move(packed)), buffer_(kPackedBufferBytes) {}

std::string_view PackedInput::bytes() {
    if (begin_ == end_) {
        begin_ = 0;
        end_ = packed_->read(buffer_.data(), buffer_.size());
        read_ += end_;
    }
    return {buffer_.data() + begin_, end_ - begin_};
}

std::optional<std::uint64_t> PackedInput::expected(std::uint64_t unpacked_so_far) const {
    const auto size = packed_->expected_bytes();
    if (!size || read_ == 0) return std::nullopt;
    const double factor = static_cast<double>(unpacked_so_far) / static_cast<double>(read_);
    return static_cast<std::uint64_t>(factor * static_cast<double>(*size));
}

}  // namespace dispatcher
