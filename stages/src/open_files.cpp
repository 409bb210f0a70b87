#include "open_files.hpp"

#include <weir/framework/error.hpp>
#include <weir/pools/detail/mutex.hpp>

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <optional>
#include <utility>

namespace weir::detail {
namespace {

/// What makes two names the same file: the file itself if there is one, else the full name.
struct Identity {
    std::optional<std::pair<dev_t, ino_t>> file;
    std::string name;
};

struct Use {
    Identity identity;
    std::string who;
    bool writes = false;
};

struct Table {
    Mutex mutex;
    unsigned long next WEIR_GUARDED_BY(mutex) = 1;
    std::map<unsigned long, Use> uses WEIR_GUARDED_BY(mutex);
};

Table& table() {
    static Table& instance = *new Table; // stages may end after the process's static objects
    return instance;
}

bool same(const Identity& a, const Identity& b) {
    return (a.file && a.file == b.file) || (!a.name.empty() && a.name == b.name);
}

unsigned long note(Use use, const std::string& path) {
    Table& all = table();
    const Lock lock(all.mutex);
    for (const auto& [id, other] : all.uses)
        if ((use.writes || other.writes) && same(use.identity, other.identity))
            throw GraphError(use.writes ? fmt::format("'{}' would be written, but '{}' {} it", path, other.who,
                                                      other.writes ? "writes" : "reads")
                                        : fmt::format("'{}' would be read, but '{}' writes it", path, other.who));
    const unsigned long id = all.next++;
    all.uses.emplace(id, std::move(use));
    return id;
}

} // namespace

FileInUse::FileInUse(FileInUse&& other) noexcept : id_(std::exchange(other.id_, 0)) {}
FileInUse& FileInUse::operator=(FileInUse&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
}
FileInUse::~FileInUse() {
    if (id_ == 0)
        return;
    Table& all = table();
    const Lock lock(all.mutex);
    all.uses.erase(id_);
}

FileInUse FileInUse::reading(const std::string& path, const std::string& who) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
        return {};
    return FileInUse(note({{std::pair(status.st_dev, status.st_ino), {}}, who, false}, path));
}

FileInUse FileInUse::writing(const std::string& path, const std::string& who) {
    Identity identity;
    struct stat status{};
    if (::stat(path.c_str(), &status) == 0) {
        if (!S_ISREG(status.st_mode))
            return {};
        identity.file = std::pair(status.st_dev, status.st_ino);
    }
    std::error_code failed;
    identity.name = std::filesystem::weakly_canonical(path, failed).string();
    return FileInUse(note({std::move(identity), who, true}, path));
}

} // namespace weir::detail
