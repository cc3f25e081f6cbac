#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "audience/record_file.h"

namespace dispatcher {

/// Sorts any number of records by their keys' bytes within bounded memory: full buffers are sorted
/// and written to scratch as runs, which are merged at the end. Stable: equal keys keep the order
/// in which they were added. Throws UnavailableError for a full disk. One thread.
class ExternalSort {
  public:
    /// Uses `bytes_max` for the buffer, and again for the merge when the buffer is gone; more only
    /// if a single record is larger.
    ExternalSort(ScratchSpace& space, std::size_t bytes_max);

    /// Adds a record with room for its payload, which the caller writes before the next call.
    char* add(std::string_view key, std::size_t payload_bytes);
    /// Visits all records in order. Ends the sort.
    void finish(const std::function<void(const Record&)>& visit);

  private:
    struct Entry {
        std::uint64_t prefix;
        std::uint32_t offset;  ///< in the buffer; grows with the order of adding
    };
    void allocate(std::size_t bytes);
    [[nodiscard]] bool has_room(std::size_t record_bytes) const;
    void note_key(std::string_view key);
    void sort_buffer();
    template <class Visit>
    void visit_buffer(const Visit& visit) const;
    void spill();
    [[nodiscard]] std::size_t read_buffer_bytes() const;
    [[nodiscard]] std::vector<RecordReader> open_runs(std::size_t first, std::size_t count) const;
    void merge_until(std::size_t runs_max);

    ScratchSpace* space_;
    std::size_t bytes_max_;

    // The buffer: records grow from its beginning, entries from its end towards them.
    std::unique_ptr<std::byte[]> buffer_;
    std::size_t capacity_ = 0;
    std::size_t used_ = 0;
    Entry* entries_end_ = nullptr;
    Entry* entries_begin_ = nullptr;

    std::string first_key_;
    bool is_empty_ = true;
    std::size_t skip_ = 0;  ///< bytes at the beginning that all keys so far share
    std::size_t largest_record_ = 0;

    std::unique_ptr<ScratchFile> file_;
    std::vector<Extent> runs_;
};

}  // namespace dispatcher
