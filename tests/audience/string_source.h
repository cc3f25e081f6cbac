#pragma once

#include <algorithm>
#include <cstring>
#include <string>

#include "audience/byte_source.h"

namespace dispatcher {

/// Bytes from memory, at most `step` a read, so that every place of the text once is an end.
class StringSource final : public ByteSource {
  public:
    explicit StringSource(std::string text, std::size_t step = std::size_t{1} << 20)
        : text_(std::move(text)), step_(step) {}

    std::size_t read(char* out, std::size_t capacity) override {
        const auto count = std::min({capacity, step_, text_.size() - at_});
        std::memcpy(out, text_.data() + at_, count);
        at_ += count;
        return count;
    }
    [[nodiscard]] std::optional<std::uint64_t> expected_bytes() const override {
        return text_.size();
    }

  private:
    std::string text_;
    std::size_t step_;
    std::size_t at_ = 0;
};

/// A row with text of its own; of a bad one only line and problem.
struct ReadRow {
    std::uint64_t line = 0;
    std::string appid;
    std::vector<std::string> values;
    std::string problem;
    bool operator==(const ReadRow&) const = default;
};

/// All rows, up to and with one that ends the reading.
template <class Reader>
std::vector<ReadRow> read_rows(Reader& reader) {
    std::vector<ReadRow> rows;
    Row row;
    while (reader.next(row)) {
        if (row.problem.empty())
            rows.push_back(
                {row.line, std::string(row.appid), {row.values.begin(), row.values.end()}, ""});
        else
            rows.push_back({row.line, "", {}, row.problem});
        if (row.ends_reading) break;
    }
    return rows;
}

}  // namespace dispatcher
