#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dispatcher {

/// Which embedded stores were sent from with the journals of this directory. A file that is lost,
/// or whose path is mistyped, looks like a store that was never made; this memory, in a file of its
/// own beside the journals, tells them apart. One short line a store, never removed.
class KnownStores {
  public:
    struct Entry {
        std::string store_id;  ///< in hexadecimal: a blank would end it
        std::string url;
        bool operator==(const Entry&) const = default;
    };
    explicit KnownStores(std::string_view journal_dir);

    /// In the order in which they were noted; nothing where the directory is not there yet.
    [[nodiscard]] std::vector<Entry> list() const;
    /// Once is enough. The directory is there. Throws UnavailableError if it cannot be written.
    void note(const Entry& entry) const;

    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
};

}  // namespace dispatcher
