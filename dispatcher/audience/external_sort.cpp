#include "audience/external_sort.h"

#include <algorithm>

#include "audience/key_prefix.h"
#include "audience/run_merge.h"
#include "base/invariant.h"

namespace dispatcher {
namespace {

constexpr std::size_t kBufferBytesMin = 1024;
constexpr std::size_t kBufferBytesMax = std::size_t{1} << 30;  // offsets have 32 bits
constexpr std::size_t kReadBufferBytesMin = std::size_t{4} << 10;
constexpr std::size_t kReadBufferBytesMax = std::size_t{64} << 10;
constexpr std::size_t kFanInMax = 512;
/// Runs that a small bound shall still merge at once, at the price of smaller reads.
constexpr std::size_t kRunsReadWell = 128;
/// How far ahead of the record in hand the next ones are fetched into the cache.
constexpr std::ptrdiff_t kPrefetchDistance = 8;

}  // namespace

ExternalSort::ExternalSort(ScratchSpace& space, std::size_t bytes_max)
    : space_(&space), bytes_max_(std::clamp(bytes_max, kBufferBytesMin, kBufferBytesMax)) {}

char* ExternalSort::add(std::string_view key, std::size_t payload_bytes) {
    const auto bytes = kRecordHeadBytes + key.size() + payload_bytes;
    if (!has_room(bytes)) [[unlikely]] {
        spill();
        if (!has_room(bytes)) allocate(std::max(bytes_max_, bytes + 2 * sizeof(Entry)));
    }
    note_key(key);
    largest_record_ = std::max(largest_record_, bytes);
    *--entries_begin_ = {0, static_cast<std::uint32_t>(used_)};
    char* record = reinterpret_cast<char*>(buffer_.get()) + used_;
    used_ += bytes;
    return put_record_head(record, key, payload_bytes);
}

void ExternalSort::finish(const std::function<void(const Record&)>& visit) {
    if (runs_.empty()) {
        sort_buffer();
        visit_buffer(visit);
        buffer_.reset();
        return;
    }
    spill();
    buffer_.reset();
    merge_until(std::clamp<std::size_t>(bytes_max_ / read_buffer_bytes(), 2, kFanInMax));
    RunMerge merge(open_runs(0, runs_.size()), skip_);
    while (merge.next())
        visit(merge.record());
    file_.reset();
}

void ExternalSort::allocate(std::size_t bytes) {
    invariant(entries_begin_ == entries_end_, "only an empty buffer is replaced");
    buffer_.reset();
    capacity_ = (bytes + 15) / 16 * 16;
    buffer_ = std::make_unique_for_overwrite<std::byte[]>(capacity_);
    entries_end_ = reinterpret_cast<Entry*>(buffer_.get() + capacity_);
    entries_begin_ = entries_end_;
}

bool ExternalSort::has_room(std::size_t record_bytes) const {
    if (buffer_ == nullptr) return false;
    const auto entries = static_cast<std::size_t>(entries_end_ - entries_begin_) + 1;
    return used_ + record_bytes + entries * sizeof(Entry) <= capacity_;
}

void ExternalSort::note_key(std::string_view key) {
    if (is_empty_) [[unlikely]] {
        first_key_ = key;
        skip_ = key.size();
        is_empty_ = false;
    }
    skip_ = shared_prefix(first_key_, key, skip_);
}

void ExternalSort::sort_buffer() {
    const char* const records = reinterpret_cast<const char*>(buffer_.get());
    for (auto* entry = entries_begin_; entry != entries_end_; ++entry)
        entry->prefix = key_prefix(record_at(records + entry->offset).key, skip_);
    std::sort(entries_begin_, entries_end_, [records](const Entry& a, const Entry& b) {
        if (a.prefix != b.prefix) return a.prefix < b.prefix;
        const auto order =
            record_at(records + a.offset).key.compare(record_at(records + b.offset).key);
        return order != 0 ? order < 0 : a.offset < b.offset;
    });
}

template <class Visit>
void ExternalSort::visit_buffer(const Visit& visit) const {
    const char* const records = reinterpret_cast<const char*>(buffer_.get());
    for (const auto* entry = entries_begin_; entry != entries_end_; ++entry) {
        if (entries_end_ - entry > kPrefetchDistance) {
            const char* ahead = records + entry[kPrefetchDistance].offset;
            __builtin_prefetch(ahead);
            __builtin_prefetch(ahead + 64);
        }
        visit(record_at(records + entry->offset));
    }
}

void ExternalSort::spill() {
    if (entries_begin_ == entries_end_) return;
    if (file_ == nullptr) file_ = std::make_unique<ScratchFile>(*space_);
    sort_buffer();
    RecordWriter writer(*file_);
    visit_buffer([&writer](const Record& record) { writer.add_whole(record.whole); });
    runs_.push_back(writer.finish());
    used_ = 0;
    entries_begin_ = entries_end_;
}

std::size_t ExternalSort::read_buffer_bytes() const {
    return std::max(largest_record_, std::clamp(bytes_max_ / kRunsReadWell, kReadBufferBytesMin,
                                                kReadBufferBytesMax));
}

std::vector<RecordReader> ExternalSort::open_runs(std::size_t first, std::size_t count) const {
    std::vector<RecordReader> readers;
    readers.reserve(count);
    for (std::size_t run = first; run < first + count; ++run)
        readers.emplace_back(*file_, runs_[run], read_buffer_bytes(), RecordReader::Keep::no);
    return readers;
}

void ExternalSort::merge_until(std::size_t runs_max) {
    while (runs_.size() > runs_max) {
        auto merged_file = std::make_unique<ScratchFile>(*space_);
        std::vector<Extent> merged;
        for (std::size_t first = 0; first < runs_.size(); first += runs_max) {
            RunMerge merge(open_runs(first, std::min(runs_max, runs_.size() - first)), skip_);
            RecordWriter writer(*merged_file);
            while (merge.next())
                writer.add_whole(merge.record().whole);
            merged.push_back(writer.finish());
        }
        file_ = std::move(merged_file);
        runs_ = std::move(merged);
    }
}

}  // namespace dispatcher
