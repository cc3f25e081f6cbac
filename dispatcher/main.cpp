#include <exception>
#include <iostream>
#include <sstream>

#include "cli/command_line.h"
#include "cli/failure.h"
#include "cli/open_files.h"
#include "cli/standard_streams.h"

int main(int argc, char** argv) {
    using namespace dispatcher;
    cli::guard_standard_streams();
    cli::allow_open_files();
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    try {
        return cli::run(arguments, std::cout, std::cerr);
    } catch (const std::exception& error) {
        std::ostringstream said;
        const int code = cli::explain_failure(error, said);
        std::cerr << said.str() << std::flush;
        cli::print_failure(arguments, said.str(), code, std::cout);
        return code;
    }
}
