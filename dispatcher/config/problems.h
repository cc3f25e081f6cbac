#pragma once

#include <string>
#include <vector>

namespace dispatcher {

/// A place in a text file, both counted from 1; columns are bytes.
struct Mark {
    int line = 1;
    int column = 1;
};

/// Collects what is wrong with configuration files, so that one run shows all of it.
class Problems {
  public:
    /// An empty `file`: there is none, and the text says by itself what is meant.
    void add(const std::string& file, Mark mark, std::string problem);
    [[nodiscard]] std::size_t size() const { return problems_.size(); }
    /// Throws a ConfigError if there are problems: one line each, `file:line:column: problem`, in
    /// the order of their places.
    void throw_if_any() const;

  private:
    struct Problem {
        std::string file;
        Mark mark;
        std::string text;
    };
    std::vector<Problem> problems_;
};

/// `file:line:column`.
std::string to_string(const std::string& file, Mark mark);

}  // namespace dispatcher
