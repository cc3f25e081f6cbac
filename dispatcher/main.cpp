#include <exception>
#include <iostream>

#include "cli/command_line.h"
#include "cli/failure.h"

int main(int argc, char** argv) {
    using namespace dispatcher;
    try {
        return cli::run({argv + 1, argv + argc}, std::cout, std::cerr);
    } catch (const std::exception& error) {
        return cli::explain_failure(error, std::cerr);
    }
}
