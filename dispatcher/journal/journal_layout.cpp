#include "journal/journal_layout.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <string>

#include <unistd.h>
#include <zlib.h>

#include "campaign/names.h"

namespace dispatcher {
namespace {

constexpr std::array<char, 8> kMagic{'P', 'O', 'J', 'O', 'U', 'R', 'N', '\n'};
constexpr std::uint32_t kVersion = 1;
/// Areas begin on pages, so that a page never belongs to two batches.
constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kWordBytes = sizeof(std::uint64_t);

constexpr std::size_t round_up(std::size_t bytes, std::size_t unit) {
    return (bytes + unit - 1) / unit * unit;
}

std::uint32_t crc_of(std::uint32_t crc, const void* bytes, std::size_t size) {
    return static_cast<std::uint32_t>(crc32_z(crc, static_cast<const unsigned char*>(bytes), size));
}

/// Field 22 of /proc/self/stat; 0 if it cannot be read. The command's name before it may hold
/// blanks and brackets, so counting starts behind its last bracket.
std::uint64_t own_start_ticks() {
    std::ifstream file("/proc/self/stat");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    constexpr int kFieldsBetween = 20;
    auto at = text.rfind(')');
    for (int field = 0; field < kFieldsBetween && at != std::string::npos; ++field)
        at = text.find(' ', at + 1);
    std::uint64_t ticks = 0;
    if (at != std::string::npos)
        std::from_chars(text.data() + at + 1, text.data() + text.size(), ticks);
    return ticks;
}

}  // namespace

JournalLayout::JournalLayout(std::uint32_t batches_max, std::uint32_t rows_max)
    : batches_max_(batches_max), rows_max_(rows_max) {}

std::size_t JournalLayout::area(std::uint32_t batch) const {
    const auto bytes = round_up(slots() + rows_max_ * kWordBytes, kPageBytes);
    return kPageBytes + batch * bytes;
}

std::size_t JournalLayout::lengths() const {
    return sizeof(AreaHead);
}

std::size_t JournalLayout::keys() const {
    return lengths() + rows_max_;
}

std::size_t JournalLayout::slots() const {
    return round_up(keys() + std::size_t{rows_max_} * kAppidBytesMax, kWordBytes);
}

JournalHeader JournalHeader::make(IncarnationId incarnation, const StoreKey& store,
                                  const BootId& boot, const JournalLayout& layout, bool is_synced) {
    JournalHeader header;
    header.magic = kMagic;
    header.version = kVersion;
    header.is_synced = is_synced ? 1 : 0;
    header.store = store;
    header.boot = boot;
    header.incarnation = incarnation.value;
    header.batches_max = layout.batches_max();
    header.rows_max = layout.rows_max();
    header.pid = static_cast<std::uint32_t>(getpid());
    header.start_ticks = own_start_ticks();
    header.crc = header.computed_crc();
    return header;
}

bool JournalHeader::is_valid() const {
    return magic == kMagic && version == kVersion && crc == computed_crc();
}

std::uint32_t JournalHeader::computed_crc() const {
    return crc_of(0, this, sizeof *this - sizeof crc);
}

std::uint32_t AreaHead::crc_with(std::string_view lengths, std::string_view keys) const {
    AreaHead opened = *this;
    opened.word = word_of(generation(), true);
    auto sum = crc_of(0, &opened, sizeof opened - sizeof crc);
    sum = crc_of(sum, lengths.data(), lengths.size());
    return crc_of(sum, keys.data(), keys.size());
}

std::optional<JournalSlot> SlotWord::decode(std::uint64_t word, std::uint64_t generation) {
    if (word >> kGenerationShift != generation) return std::nullopt;
    const auto state = static_cast<std::uint8_t>(word >> 16);
    if (state > static_cast<std::uint8_t>(SlotState::done)) return std::nullopt;
    return JournalSlot{static_cast<SlotState>(state),
                       static_cast<Reason>(static_cast<std::uint16_t>(word))};
}

}  // namespace dispatcher
