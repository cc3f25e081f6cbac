#include "audience/byte_window.h"

#include <cstring>

namespace dispatcher {
namespace {

constexpr std::size_t kWindowBytes = std::size_t{256} << 10;

}  // namespace

ByteWindow::ByteWindow(ByteSource& source)
    : source_(source),
      buffer_(std::make_unique_for_overwrite<char[]>(kWindowBytes)),
      capacity_(kWindowBytes) {}

bool ByteWindow::fill() {
    const auto kept = end_ - begin_;
    if (kept > capacity_ / 2) {
        auto larger = std::make_unique_for_overwrite<char[]>(2 * capacity_);
        std::memcpy(larger.get(), buffer_.get() + begin_, kept);
        buffer_ = std::move(larger);
        capacity_ *= 2;
    } else {
        std::memmove(buffer_.get(), buffer_.get() + begin_, kept);
    }
    begin_ = 0;
    end_ = kept;
    const auto got = source_.read(buffer_.get() + end_, capacity_ - end_);
    end_ += got;
    return got > 0;
}

bool ByteWindow::begins_with(std::string_view prefix) {
    while (unread().size() < prefix.size() && fill()) {
    }
    return unread().starts_with(prefix);
}

}  // namespace dispatcher
