#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "campaign/ids.h"
#include "journal/journal.h"

namespace dispatcher {

/// Where things stand in a journal file: one page of header, then `batches_max` areas of equal
/// size. An area is its head, `rows_max` key lengths, room for `rows_max` keys of 64 bytes, and
/// `rows_max` slot words. Bytes are in the machine's own order: a journal never leaves its host.
class JournalLayout {
  public:
    JournalLayout(std::uint32_t batches_max, std::uint32_t rows_max);

    [[nodiscard]] std::uint32_t batches_max() const { return batches_max_; }
    [[nodiscard]] std::uint32_t rows_max() const { return rows_max_; }
    [[nodiscard]] std::size_t file_bytes() const { return area(batches_max_); }
    /// Offset of an area in the file.
    [[nodiscard]] std::size_t area(std::uint32_t batch) const;
    /// Offsets in an area.
    [[nodiscard]] std::size_t lengths() const;
    [[nodiscard]] std::size_t keys() const;
    [[nodiscard]] std::size_t slots() const;

  private:
    std::uint32_t batches_max_;
    std::uint32_t rows_max_;
};

using StoreKey = std::array<std::uint8_t, 16>;
using BootId = std::array<std::uint8_t, 16>;

/// The first bytes of a journal file.
struct JournalHeader {
    std::array<char, 8> magic{};
    std::uint32_t version = 0;
    std::uint32_t is_synced = 0;  ///< 1: every mark reached the disk before its send
    StoreKey store{};             ///< names the store whose flags this journal is about
    BootId boot{};
    std::uint32_t incarnation = 0;
    std::uint32_t batches_max = 0;
    std::uint32_t rows_max = 0;
    std::uint32_t pid = 0;
    std::uint64_t start_ticks = 0;  ///< of the process, since boot, as in /proc/PID/stat
    std::uint32_t unused = 0;
    std::uint32_t crc = 0;  ///< of everything above

    /// The header of a new journal, its check sum set.
    static JournalHeader make(IncarnationId incarnation, const StoreKey& store, const BootId& boot,
                              const JournalLayout& layout, bool is_synced);
    /// Whether these are the bytes of a complete header of this format.
    [[nodiscard]] bool is_valid() const;

  private:
    [[nodiscard]] std::uint32_t computed_crc() const;
};
static_assert(sizeof(JournalHeader) == 80);

/// The first bytes of an area. `word` is written last when a batch opens and first when it is
/// freed, so that an area whose word says "open" has a complete record under its check sum.
struct AreaHead {
    std::uint64_t word = 0;  ///< generation << 1 | is open
    std::uint64_t claim = 0;
    std::uint64_t fence = 0;
    std::uint32_t campaign = 0;
    std::uint32_t scope = 0;
    std::uint32_t chunk = 0;
    std::uint32_t rows = 0;
    std::uint32_t key_bytes = 0;
    std::uint32_t crc = 0;  ///< of the open word, the fields above, the key lengths and the keys

    static constexpr std::uint64_t word_of(std::uint64_t generation, bool is_open) {
        return generation << 1 | (is_open ? 1U : 0U);
    }
    [[nodiscard]] bool is_open() const { return (word & 1) != 0; }
    [[nodiscard]] std::uint64_t generation() const { return word >> 1; }
    [[nodiscard]] std::uint32_t crc_with(std::string_view lengths, std::string_view keys) const;
};
static_assert(sizeof(AreaHead) == 48);

/// A slot as one word: generation (40 bits), state (8), reason (16). The generation is the area's
/// when the batch was opened, so that a word of an earlier batch is never taken for this one's.
struct SlotWord {
    static constexpr unsigned kGenerationShift = 24;
    static constexpr std::uint64_t kGenerationMax = (std::uint64_t{1} << 40) - 1;

    static constexpr std::uint64_t encode(std::uint64_t generation, SlotState state,
                                          Reason reason) {
        return generation << kGenerationShift |
               std::uint64_t{static_cast<std::uint8_t>(state)} << 16 |
               static_cast<std::uint16_t>(reason);
    }
    /// Nothing if the word is of another generation or has a state that does not exist.
    static std::optional<JournalSlot> decode(std::uint64_t word, std::uint64_t generation);
};

}  // namespace dispatcher
