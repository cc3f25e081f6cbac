#include "audience/record_file.h"

#include <algorithm>
#include <cstring>

#include "base/invariant.h"

namespace dispatcher {
namespace {

constexpr std::size_t kWriteBufferBytes = std::size_t{256} << 10;
constexpr std::size_t kGiveBackBytes = std::size_t{1} << 20;

}  // namespace

char* put_record_head(char* out, std::string_view key, std::size_t payload_bytes) {
    const auto length = static_cast<std::uint32_t>(payload_bytes);
    *out++ = static_cast<char>(key.size());
    std::memcpy(out, &length, sizeof length);
    out += sizeof length;
    std::memcpy(out, key.data(), key.size());
    return out + key.size();
}

Record record_at(const char* in) {
    const auto key_bytes = static_cast<std::size_t>(static_cast<unsigned char>(*in));
    std::uint32_t payload_bytes = 0;
    std::memcpy(&payload_bytes, in + 1, sizeof payload_bytes);
    const char* key = in + kRecordHeadBytes;
    return {{key, key_bytes},
            {key + key_bytes, payload_bytes},
            {in, kRecordHeadBytes + key_bytes + payload_bytes}};
}

RecordWriter::RecordWriter(ScratchFile& file) : file_(&file), extent_{file.size(), 0} {
    buffer_.reserve(kWriteBufferBytes);
}

void RecordWriter::add(std::string_view key, std::string_view payload) {
    invariant(key.size() <= kRecordKeyBytesMax, "a record's key is short");
    const auto bytes = kRecordHeadBytes + key.size() + payload.size();
    make_room(bytes);
    char head[kRecordHeadBytes + kRecordKeyBytesMax];
    const char* end = put_record_head(head, key, payload.size());
    buffer_.append(head, static_cast<std::size_t>(end - head));
    buffer_.append(payload);
}

void RecordWriter::add_whole(std::string_view record) {
    make_room(record.size());
    buffer_.append(record);
}

Extent RecordWriter::finish() {
    make_room(kWriteBufferBytes);
    buffer_ = {};
    return extent_;
}

void RecordWriter::make_room(std::size_t bytes) {
    if (buffer_.size() + bytes <= kWriteBufferBytes) return;
    file_->append(buffer_);
    extent_.bytes += buffer_.size();
    buffer_.clear();
}

RecordReader::RecordReader(ScratchFile& file, Extent extent, std::size_t buffer_bytes, Keep keep)
    : file_(&file),
      left_(extent),
      keep_(keep),
      kept_from_(extent.offset),
      capacity_(std::max(buffer_bytes, kRecordHeadBytes + kRecordKeyBytesMax)),
      buffer_(std::make_unique_for_overwrite<char[]>(capacity_)) {}

bool RecordReader::next() {
    if (begin_ == end_ && left_.bytes == 0) return false;
    if (end_ - begin_ < kRecordHeadBytes) fill(kRecordHeadBytes);
    const auto bytes = record_at(buffer_.get() + begin_).whole.size();
    if (end_ - begin_ < bytes) fill(bytes);
    record_ = record_at(buffer_.get() + begin_);
    begin_ += bytes;
    return true;
}

void RecordReader::fill(std::size_t bytes) {
    const auto kept = end_ - begin_;
    if (bytes > capacity_) {
        auto larger = std::make_unique_for_overwrite<char[]>(bytes);
        std::memcpy(larger.get(), buffer_.get() + begin_, kept);
        buffer_ = std::move(larger);
        capacity_ = bytes;
    } else {
        std::memmove(buffer_.get(), buffer_.get() + begin_, kept);
    }
    begin_ = 0;
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(capacity_ - kept, left_.bytes));
    invariant(kept + count >= bytes, "a run ends with a whole record");
    file_->read_at(left_.offset, buffer_.get() + kept, count);
    left_.offset += count;
    left_.bytes -= count;
    end_ = kept + count;
    if (keep_ == Keep::yes || left_.offset - kept_from_ < kGiveBackBytes) return;
    file_->give_back(kept_from_, left_.offset - kept_from_);
    kept_from_ = left_.offset;
}

}  // namespace dispatcher
