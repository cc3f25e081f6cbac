#include "audience/shared_tokens.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "audience/external_sort.h"
#include "base/random.h"

namespace dispatcher {
namespace {

constexpr std::uint64_t kNone = ~std::uint64_t{0};
constexpr unsigned kPositionBits = 48;
constexpr std::uint64_t kPositionMask = (std::uint64_t{1} << kPositionBits) - 1;
// Odd numbers with about as many ones as zeros; nothing else about them matters.
constexpr std::uint64_t kMixA = 0x9e37'79b9'7f4a'7c15;
constexpr std::uint64_t kMixB = 0xc2b2'ae3d'27d4'eb4f;
constexpr std::uint64_t kMixC = 0x1656'67b1'9e37'79f9;

/// Both halves of a 128-bit product folded into one word.
std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t load(const char* bytes, std::size_t count) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, count);
    return word;
}

/// Two hashes of 64 bits with independent seeds. Seeded anew in each process, so that nobody can
/// prepare tokens that seem shared.
std::array<std::uint64_t, 2> hash_token(std::array<std::uint64_t, 2> seed, GatewayNo gateway,
                                        std::string_view token) {
    auto high = seed[0] ^ fold(gateway.value + kMixC, kMixA);
    auto low = seed[1] + fold(token.size() ^ kMixC, kMixB + gateway.value);
    const char* in = token.data();
    for (auto left = token.size(); left > 0;) {
        const auto first = std::min<std::size_t>(left, 8);
        const auto second = std::min<std::size_t>(left - first, 8);
        const auto a = load(in, first);
        const auto b = load(in + first, second);
        high = fold(a ^ kMixA ^ high, b ^ kMixB ^ seed[1]);
        low = fold(a ^ kMixC ^ seed[0], b ^ kMixA ^ low) + std::rotl(low, 29);
        in += first + second;
        left -= first + second;
    }
    return {fold(high ^ kMixB, token.size() ^ kMixA ^ seed[0]), fold(low ^ kMixA, kMixC ^ seed[1])};
}

bool is_hex_digit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// A token of hexadecimal digits alone names the same device in upper and in lower case: answers
/// the lower one, made in `room` where it is another.
std::string_view canonical(std::string_view token, std::string& room) {
    const auto is_upper = [](char c) { return c >= 'A' && c <= 'F'; };
    if (!std::all_of(token.begin(), token.end(), is_hex_digit) ||
        std::none_of(token.begin(), token.end(), is_upper))
        return token;
    room.assign(token);
    for (auto& c : room)
        if (is_upper(c)) c = static_cast<char>(c - 'A' + 'a');
    return room;
}

}  // namespace

/// Takes tokens in the order of hash and line, and tells those that are not first of their hash.
class SharedTokens::Groups {
  public:
    explicit Groups(const std::function<void(const Shared&)>& visit) : visit_(visit) {}

    void add(const Token& token) {
        const bool is_same =
            size_ > 0 && token.hash_high == first_.hash_high && token.hash_low == first_.hash_low;
        if (!is_same) {
            first_ = token;
            size_ = 1;
            return;
        }
        sharing_ += size_ == 1 ? 2 : 1;
        ++size_;
        visit_({first_.line, token.line, token.place & kPositionMask,
                GatewayNo{static_cast<std::uint16_t>(token.place >> kPositionBits)}});
    }
    [[nodiscard]] std::uint64_t sharing() const { return sharing_; }

  private:
    const std::function<void(const Shared&)>& visit_;
    Token first_{};
    std::uint64_t size_ = 0;
    std::uint64_t sharing_ = 0;
};

SharedTokens::SharedTokens(ScratchSpace& space, std::size_t bytes_max)
    : space_(&space),
      bytes_max_(bytes_max),
      parts_(kParts, Part{kNone, 0}),
      blocks_(std::make_unique_for_overwrite<Block[]>(kParts)) {
    SystemRandom random;
    seed_ = {random.next(), random.next()};
    for (std::size_t part = 0; part < kParts; ++part)
        blocks_[part].count = 0;
}

void SharedTokens::add(GatewayNo gateway, std::string_view token, std::uint64_t line,
                       std::uint64_t position) {
    if (token.empty()) return;
    const auto [high, low] = hash_token(seed_, gateway, canonical(token, lower_));
    const auto part = high % kParts;
    auto& block = blocks_[part];
    block.tokens[block.count++] = {high, low, line,
                                   std::uint64_t{gateway.value} << kPositionBits | position};
    ++parts_[part].count;
    if (block.count == kBlockTokens) write_block(part);
}

std::uint64_t SharedTokens::finish(const std::function<void(const Shared&)>& visit) {
    // A part in memory takes its tokens, a table of twice as many 32-bit numbers at most four times
    // rounded up, and, should all be shared, the tokens once more.
    constexpr std::size_t kBytesPerToken = 2 * sizeof(Token) + 4 * sizeof(std::uint32_t);
    Groups groups(visit);
    for (std::size_t part = 0; part < kParts; ++part) {
        if (parts_[part].count <= bytes_max_ / kBytesPerToken)
            judge_in_memory(part, groups);
        else
            judge_by_sorting(part, groups);
    }
    file_.reset();
    return groups.sharing();
}

void SharedTokens::write_block(std::size_t part) {
    if (file_ == nullptr) file_ = std::make_unique<ScratchFile>(*space_);
    auto& block = blocks_[part];
    block.previous = parts_[part].latest;
    parts_[part].latest = file_->append({reinterpret_cast<const char*>(&block), sizeof block});
    block.count = 0;
}

void SharedTokens::for_each_token(std::size_t part,
                                  const std::function<void(const Token&)>& visit) {
    auto& block = blocks_[part];
    for (auto next = parts_[part].latest;; next = block.previous) {
        std::for_each_n(block.tokens.begin(), block.count, visit);
        if (next == kNone) break;
        file_->read_at(next, reinterpret_cast<char*>(&block), sizeof block);
    }
}

// An open-addressed table of the tokens seen finds the shared ones, most often none at all; only
// those are sorted.
void SharedTokens::judge_in_memory(std::size_t part, Groups& groups) {
    constexpr std::uint32_t kFree = 0;
    constexpr std::uint32_t kIsListed = std::uint32_t{1} << 31;
    std::vector<Token> tokens;
    tokens.reserve(parts_[part].count);
    for_each_token(part, [&tokens](const Token& token) { tokens.push_back(token); });

    const auto mask = std::bit_ceil(2 * tokens.size() + 1) - 1;
    std::vector<std::uint32_t> table(mask + 1, kFree);
    std::vector<Token> shared;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const auto& token = tokens[i];
        for (auto slot = token.hash_low & mask;; slot = (slot + 1) & mask) {
            if (table[slot] == kFree) {
                table[slot] = static_cast<std::uint32_t>(i + 1);
                break;
            }
            const auto& other = tokens[(table[slot] & ~kIsListed) - 1];
            if (other.hash_low != token.hash_low || other.hash_high != token.hash_high) continue;
            if ((table[slot] & kIsListed) == 0) shared.push_back(other);
            table[slot] |= kIsListed;
            shared.push_back(token);
            break;
        }
    }
    std::sort(shared.begin(), shared.end(), [](const Token& a, const Token& b) {
        if (a.hash_high != b.hash_high) return a.hash_high < b.hash_high;
        return a.hash_low != b.hash_low ? a.hash_low < b.hash_low : a.line < b.line;
    });
    std::for_each(shared.begin(), shared.end(), [&groups](const Token& t) { groups.add(t); });
}

void SharedTokens::judge_by_sorting(std::size_t part, Groups& groups) {
    constexpr std::size_t kKeyBytes =
        sizeof(Token::hash_high) + sizeof(Token::hash_low) + sizeof(Token::line);
    ExternalSort sort(*space_, bytes_max_);
    for_each_token(part, [&sort](const Token& token) {
        // Lowest line first: big endian, as keys are compared by bytes.
        const std::array<std::uint64_t, 3> key = {token.hash_high, token.hash_low,
                                                  __builtin_bswap64(token.line)};
        const std::string_view bytes(reinterpret_cast<const char*>(key.data()), kKeyBytes);
        std::memcpy(sort.add(bytes, sizeof token), &token, sizeof token);
    });
    sort.finish([&groups](const Record& record) {
        Token token;
        std::memcpy(&token, record.payload.data(), sizeof token);
        groups.add(token);
    });
}

}  // namespace dispatcher
