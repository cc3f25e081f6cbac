#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "audience/byte_source.h"

namespace dispatcher {

/// The part of a source that is being read: a buffer that slides over it, and grows while a row
/// does not fit. The bound on a row is the readers' affair.
class ByteWindow {
  public:
    explicit ByteWindow(ByteSource& source);

    /// Bytes read and not consumed. The view ends with the next fill().
    [[nodiscard]] std::string_view unread() const {
        return {buffer_.get() + begin_, end_ - begin_};
    }
    /// Appends more bytes behind the unread ones, which keep their distance from the beginning of
    /// unread(); false at the end of the source.
    bool fill();
    void consume(std::size_t bytes) { begin_ += bytes; }
    /// Whether the unread bytes begin with `prefix`; reads as far as that takes.
    bool begins_with(std::string_view prefix);

  private:
    ByteSource& source_;
    std::unique_ptr<char[]> buffer_;
    std::size_t capacity_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace dispatcher
