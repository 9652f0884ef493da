// Warpgroups: four warps in a row, the first a multiple of four.
#pragma once

#include "scheduler.hpp"
#include "text.hpp"

namespace emulated {

constexpr int WARPGROUP_WARPS = 4;
constexpr int WARPGROUP_THREADS = WARPGROUP_WARPS * LANES;

constexpr int firstWarpOfGroup(int warp) { return warp / WARPGROUP_WARPS * WARPGROUP_WARPS; }

// Reports an operation of warpgroups in a block that is not made of them.
inline void requireWarpgroup(const char* operation, const Site& site) {
  int threads = current->block->threads;
  if (threads % WARPGROUP_THREADS != 0) {
    fail(*current, site, text(operation, " in a block of ", threads, " threads, expected a multiple of ", WARPGROUP_THREADS));
  }
}

}  // namespace emulated
