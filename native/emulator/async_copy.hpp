// cp.async: copies that are done as late as the model allows, when the thread that asked for them waits. A wait that is missing shows.
#pragma once

#include <cstdint>

#include "scheduler.hpp"

namespace emulated {

constexpr uint32_t COPY_BYTES = 16;

// `from` null: zeros. The source has been checked.
void startCopy(void* to, const void* from, const Site& site);
void commitCopies();
// Does all committed groups of the running thread but the latest `pending`.
void waitForCopies(int pending);

}  // namespace emulated
