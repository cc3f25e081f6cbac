#include "audience/part_rows.h"

#include <utility>
#include <vector>

#include "audience/audience_format.h"
#include "base/encoding.h"
#include "base/invariant.h"
#include "base/sha256.h"

namespace dispatcher {
namespace {

constexpr std::size_t kHashReadBytes = std::size_t{256} << 10;

}  // namespace

/// Passes bytes on and hashes them.
class PartRows::HashingSource final : public ByteSource {
  public:
    explicit HashingSource(std::unique_ptr<ByteSource> bytes) : bytes_(std::move(bytes)) {}

    std::size_t read(char* out, std::size_t capacity) override {
        const auto count = bytes_->read(out, capacity);
        hash_.update({out, count});
        return count;
    }
    [[nodiscard]] std::optional<std::uint64_t> expected_bytes() const override {
        return bytes_->expected_bytes();
    }
    std::string finish() { return to_hex(hash_.finish()); }

  private:
    std::unique_ptr<ByteSource> bytes_;
    Sha256 hash_;
};

PartRows::PartRows(const RowsFrom& from, const OpenRows& open_rows, Hash hash) {
    if (from.part.kind != AudiencePart::Kind::file) {
        invariant(static_cast<bool>(open_rows), "somebody can open queries and campaigns");
        reader_ = open_rows(from);
        return;
    }
    check_audience_name(from);
    bytes_ = open_byte_source(from.file);
    if (hash == Hash::yes) {
        auto hashing = std::make_unique<HashingSource>(std::move(bytes_));
        hashing_ = hashing.get();
        bytes_ = std::move(hashing);
    }
    window_ = std::make_unique<ByteWindow>(*bytes_);
    reader_ = open_row_reader(from, *window_);
}

PartRows::~PartRows() = default;

std::optional<std::uint64_t> PartRows::expected_bytes() const {
    return bytes_ == nullptr ? std::nullopt : bytes_->expected_bytes();
}

std::string PartRows::content_sha256() {
    return hashing_ == nullptr ? std::string() : hashing_->finish();
}

std::string file_content_sha256(const std::string& path) {
    const auto bytes = open_byte_source(path);
    std::vector<char> buffer(kHashReadBytes);
    Sha256 hash;
    while (const auto count = bytes->read(buffer.data(), buffer.size()))
        hash.update({buffer.data(), count});
    return to_hex(hash.finish());
}

}  // namespace dispatcher
