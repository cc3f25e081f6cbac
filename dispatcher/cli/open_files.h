#pragma once

namespace dispatcher::cli {

/// Allows this process as many open files as it may allow itself: over HTTP/1.1 every open request
/// has a connection, and the usual soft limit of 1,024 is there for programs that use select().
void allow_open_files();

}  // namespace dispatcher::cli
