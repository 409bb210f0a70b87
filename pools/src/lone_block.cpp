#include "lone_block.hpp"

#include <weir/pools/frame_buffer.hpp>

namespace weir::detail {
namespace {

class LoneOwner final : public BlockOwner {
public:
    LoneOwner(const AnyLayout& layout, BufferAllocator& allocator) : store_(layout, {.allocator = &allocator}) {}
    PoolBlock& make() { return *store_.make(*this, BlockStore::AtBudget::refuse); } // there is no budget

    void give_back(Block& block) noexcept override {
        store_.free(static_cast<PoolBlock&>(block));
        delete this;
    }

private:
    BlockStore store_;
};

} // namespace

void FreeBlock::operator()(Block* block) const noexcept { block->owner->give_back(*block); }

UniqueBlock make_lone_block(const AnyLayout& layout, BufferAllocator& allocator) {
    auto owner = std::make_unique<LoneOwner>(layout, allocator);
    UniqueBlock block(&owner->make());
    [[maybe_unused]] const auto* const owned_by_its_block = owner.release();
    return block;
}

} // namespace weir::detail
