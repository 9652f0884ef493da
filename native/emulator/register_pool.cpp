#include "register_pool.hpp"

#include <algorithm>

#include "text.hpp"
#include "warpgroup.hpp"

namespace emulated {

namespace {

constexpr int REGISTERS = 64 * 1024;  // of a multiprocessor
constexpr int UNIT = 8;
constexpr int LEAST = 24;
constexpr int MOST = 256;
constexpr int MOST_COMPILED = 255;

}  // namespace

RegisterPool::RegisterPool(int threads) {
  int each = std::min(MOST_COMPILED, REGISTERS / threads) / UNIT * UNIT;
  free_ = REGISTERS / LANES - threads / LANES * each;
  std::fill(std::begin(owned_), std::end(owned_), each);
}

void RegisterPool::set(int count, bool increase, const Site& site) {
  int warp = current->warp->number;
  requireWarpgroup("setmaxnreg", site);
  current->warp->meet("setmaxnreg", site, nullptr, [&](void**) { request(warp, count, increase, site); });
  waitUntil("setmaxnreg (the other warps of its warpgroup, or registers)", site, [this, warp] { return grant(warp); });
}

void RegisterPool::request(int warp, int count, bool increase, const Site& site) {
  if (count % UNIT != 0 || count < LEAST || count > MOST) {
    fail(*current, site, text("setmaxnreg to ", count, " registers, expected a multiple of ", UNIT, " from ", LEAST, " to ", MOST));
  }
  if (increase ? count < owned_[warp] : count > owned_[warp]) {
    fail(*current, site, text("setmaxnreg ", increase ? "increases" : "decreases", " to ", count, " registers, the warp owns ", owned_[warp]));
  }
  Request& mine = requests_[warp];
  mine = {mine.number + 1, count, increase, false, site};
  for (int w = firstWarpOfGroup(warp); w < firstWarpOfGroup(warp) + WARPGROUP_WARPS; w++) {
    const Request& other = requests_[w];
    if (other.number == mine.number && (other.count != count || other.increase != increase)) {
      fail(*current, site, text("setmaxnreg to ", count, " registers, another warp of the warpgroup sets ", other.count, " (", other.site, ")"));
    }
  }
}

bool RegisterPool::grant(int warp) {
  Request& mine = requests_[warp];
  if (mine.granted) return true;
  int first = firstWarpOfGroup(warp);
  for (int w = first; w < first + WARPGROUP_WARPS; w++) {
    if (requests_[w].number < mine.number) return false;
  }
  int more = mine.count - owned_[warp];
  if (more > free_) return false;
  free_ -= more;
  owned_[warp] = mine.count;
  mine.granted = true;
  return true;
}

}  // namespace emulated
