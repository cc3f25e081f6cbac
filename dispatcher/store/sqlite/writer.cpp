#include "store/sqlite/writer.h"

#include <map>

#include "store/store_error.h"

namespace dispatcher::sqlite {
namespace {

constexpr std::chrono::seconds kTakeTimeout{5};

}  // namespace

std::shared_ptr<Writer> Writer::of(const std::string& path, bool create) {
    static std::mutex mutex;
    static std::map<std::string, std::weak_ptr<Writer>> writers;
    const std::lock_guard lock(mutex);
    auto& known = writers[path];
    auto writer = known.lock();
    if (!writer || writer->is_broken()) {
        writer =
            std::make_shared<Writer>(path, create ? Database::Mode::create : Database::Mode::write);
        known = writer;
    }
    return writer;
}

void Writer::take() {
    std::unique_lock lock(mutex_);
    if (!freed_.wait_for(lock, kTakeTimeout, [this] { return !is_taken_; })) {
        throw StoreError(StoreError::Kind::lock_timeout,
                         "another transaction of this process holds the store");
    }
    if (is_broken_) {
        throw StoreError(StoreError::Kind::ambiguous,
                         "the store's file must be opened anew after a failure");
    }
    is_taken_ = true;
}

void Writer::give_back() {
    {
        const std::lock_guard lock(mutex_);
        is_taken_ = false;
    }
    freed_.notify_one();
}

void Writer::mark_broken() {
    const std::lock_guard lock(mutex_);
    is_broken_ = true;
}

bool Writer::is_broken() const {
    const std::lock_guard lock(mutex_);
    return is_broken_;
}

}  // namespace dispatcher::sqlite
