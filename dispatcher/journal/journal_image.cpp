#include "journal/journal_image.h"

#include <cstring>
#include <utility>

namespace dispatcher {

JournalImage::JournalImage(std::string_view file) : file_(file) {
    JournalHeader header;
    if (file.size() < sizeof header) return;
    std::memcpy(&header, file.data(), sizeof header);
    if (!header.is_valid()) return;
    const JournalLayout layout(header.batches_max, header.rows_max);
    if (file.size() != layout.file_bytes()) return;
    header_ = header;
}

LeftJournal JournalImage::read(IncarnationId incarnation, const BootId& boot) const {
    LeftJournal left;
    left.incarnation = incarnation;
    if (!header_ || header_->incarnation != incarnation.value) return left;
    const bool is_same_boot = header_->boot == boot;
    if (!is_same_boot && header_->is_synced == 0) return left;

    const JournalLayout layout(header_->batches_max, header_->rows_max);
    std::vector<LeftBatch> batches;
    for (BatchNo batch = 0; batch < layout.batches_max(); ++batch) {
        bool is_damaged = false;
        auto found = read_area(layout, batch, is_damaged);
        // A power cut may tear a record, but only before open_batch() returned: nothing was
        // claimed under it. Without a power cut there is no such excuse.
        if (is_damaged && is_same_boot) return left;
        if (found) batches.push_back(std::move(*found));
    }
    left.is_trusted = true;
    left.batches = std::move(batches);
    return left;
}

std::optional<LeftBatch> JournalImage::read_area(const JournalLayout& layout, BatchNo batch,
                                                 bool& is_damaged) const {
    const auto begin = layout.area(batch);
    AreaHead head;
    std::memcpy(&head, file_.data() + begin, sizeof head);
    if (!head.is_open()) return std::nullopt;
    is_damaged = true;
    if (head.rows > layout.rows_max() || head.key_bytes > layout.slots() - layout.keys())
        return std::nullopt;
    const auto lengths = file_.substr(begin + layout.lengths(), head.rows);
    const auto keys = file_.substr(begin + layout.keys(), head.key_bytes);
    if (head.crc != head.crc_with(lengths, keys)) return std::nullopt;

    LeftBatch left;
    left.record.claim = {head.claim};
    left.record.campaign = {head.campaign};
    left.record.scope = {head.scope};
    left.record.chunk = {head.chunk};
    left.record.fence = {head.fence};
    left.record.appids.reserve(head.rows, head.key_bytes);
    std::size_t at = 0;
    for (std::size_t row = 0; row < head.rows; ++row) {
        const auto length = static_cast<std::uint8_t>(lengths[row]);
        left.record.appids.push(keys.substr(at, length));
        at += length;
        const auto slot = SlotWord::decode(
            word_at(begin + layout.slots() + row * sizeof(std::uint64_t)), head.generation());
        if (!slot) return std::nullopt;
        left.slots.push_back(*slot);
    }
    is_damaged = false;
    return left;
}

std::uint64_t JournalImage::word_at(std::size_t offset) const {
    std::uint64_t word = 0;
    std::memcpy(&word, file_.data() + offset, sizeof word);
    return word;
}

}  // namespace dispatcher
