#include "async_copy.hpp"

#include <cstring>

#include "shared_memory.hpp"

namespace emulated {

void startCopy(void* to, const void* from, const Site& site) {
  SharedMemory& shared = *current->block->shared;
  shared.require(to, COPY_BYTES, COPY_BYTES, "copyAsync16 writes", site);
  shared.history().startCopy(*current, shared.offsetOf(to), COPY_BYTES, site);
  current->copies.back().push_back({shared.offsetOf(to), from, site});
}

void commitCopies() { current->copies.emplace_back(); }

void waitForCopies(int pending) {
  Thread& self = *current;
  SharedMemory& shared = *self.block->shared;
  // The last group is still being formed: no wait is about it.
  while (static_cast<int>(self.copies.size()) - 1 > pending) {
    for (const PendingCopy& each : self.copies.front()) {
      if (each.from == nullptr) {
        std::memset(shared.base() + each.to, 0, COPY_BYTES);
      } else {
        std::memcpy(shared.base() + each.to, each.from, COPY_BYTES);
      }
      shared.history().finishCopy(self.number, self.clock, each.to, COPY_BYTES, each.site);
    }
    self.copies.pop_front();
  }
}

}  // namespace emulated
