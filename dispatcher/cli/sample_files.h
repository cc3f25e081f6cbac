#pragma once

#include <string>
#include <vector>

namespace dispatcher::cli {

/// A file that `init` writes, relative to its folder.
struct SampleFile {
    std::string path;
    std::string text;
};

/// A server file whose gateway is a mock gateway on this machine, a campaign, its template and its
/// audience, all commented.
std::vector<SampleFile> sample_files();

}  // namespace dispatcher::cli
