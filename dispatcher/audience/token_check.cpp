#include "audience/token_check.h"

namespace dispatcher {

std::vector<TokenColumns> TokenCheck::places_in(const std::vector<std::string>& of_audience,
                                                std::size_t gateways) const {
    std::vector<TokenColumns> places;
    for (std::size_t gateway = 0; gateway < gateways; ++gateway)
        places.emplace_back(
            gateway < columns.size() ? columns[gateway] : std::vector<std::string>{"token"},
            of_audience);
    return places;
}

}  // namespace dispatcher
