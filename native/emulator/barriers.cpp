#include "scheduler.hpp"
#include "text.hpp"

namespace emulated {

namespace {

// Counts the running thread. True when it is the last that the barrier waits for.
bool arrive(Barrier& barrier, int id, int expected, bool waits, const Site& site) {
  Thread& self = *current;
  if (barrier.expected == 0) {
    barrier.expected = expected;
    barrier.firstSite = site;
    barrier.allWait = true;
    barrier.clocks.forget();
  } else if (barrier.expected != expected) {
    fail(self, site,
         text("barrier ", id, " is used with ", expected, " threads here and with ", barrier.expected, " at ", barrier.firstSite));
  }
  uint32_t lane = 1u << self.lane;
  if ((barrier.came[self.warp->number] & lane) != 0) fail(self, site, text("arrives twice at barrier ", id, ", which is not complete"));
  barrier.came[self.warp->number] |= lane;
  if (waits) {
    barrier.waiting[self.warp->number] |= lane;
  } else {
    barrier.allWait = false;
  }
  return ++barrier.arrived == barrier.expected;
}

// All have come: those that wait go on, and hear what all did before.
void complete(Barrier& barrier, Block& block) {
  if (barrier.allWait && barrier.expected == block.threads) {
    block.newGeneration();
    for (int w = 0; w < block.warps; w++) block.warp[w].runnable |= barrier.waiting[w];
  } else {
    for (int i = 0; i < block.threads; i++) {
      if ((barrier.waiting[i / LANES] >> i % LANES & 1) == 0) continue;
      acquire(block.thread[i], barrier.clocks);
      block.wake(block.thread[i]);
    }
  }
  std::fill(std::begin(barrier.came), std::end(barrier.came), 0);
  std::fill(std::begin(barrier.waiting), std::end(barrier.waiting), 0);
  barrier.arrived = 0;
  barrier.expected = 0;
}

void wait(const char* what, const Site& site) {
  Thread& self = *current;
  self.waitsFor = what;
  self.waitsAt = site;
  self.warp->runnable &= ~(1u << self.lane);
  self.block->suspend();
}

void requireNamed(int id, int threads, const Site& site) {
  if (id < 1 || id >= BARRIERS) fail(*current, site, text("barrier ", id, " does not exist, they are 1 to ", BARRIERS - 1));
  if (threads < 1 || threads % LANES != 0 || threads > current->block->threads) {
    fail(*current, site,
         text("barrier ", id, " of ", threads, " threads: expected a multiple of ", LANES, " up to ", current->block->threads));
  }
}

}  // namespace

void syncBlock(const Site& site) {
  Block& block = *current->block;
  Barrier& barrier = block.barrier[0];
  // The programming guide: all threads of a block must come to the same syncThreads.
  if (barrier.arrived != 0 && !sameSite(barrier.firstSite, site)) {
    fail(*current, site, text("divergent: this thread is at syncThreads here, others are at ", barrier.firstSite));
  }
  if (arrive(barrier, 0, block.threads, true, site)) {
    complete(barrier, block);
  } else {
    wait("syncThreads", site);
  }
}

void syncBarrier(int id, int threads, const Site& site) {
  requireNamed(id, threads, site);
  Block& block = *current->block;
  Barrier& barrier = block.barrier[id];
  bool last = arrive(barrier, id, threads, true, site);
  release(*current, barrier.clocks);
  if (last) {
    complete(barrier, block);
  } else {
    wait("namedBarrierSync", site);
  }
}

void arriveAtBarrier(int id, int threads, const Site& site) {
  requireNamed(id, threads, site);
  Block& block = *current->block;
  Barrier& barrier = block.barrier[id];
  bool last = arrive(barrier, id, threads, false, site);
  release(*current, barrier.clocks);
  if (last) complete(barrier, block);
}

void syncLanes(const Site& site) {
  Warp& warp = *current->warp;
  warp.meet("syncWarp", site, nullptr, [&warp](void**) {
    Thread* lanes = &warp.block->thread[warp.number * LANES];
    Clocks together;
    for (int i = 0; i < LANES; i++) release(lanes[i], together);
    for (int i = 0; i < LANES; i++) acquire(lanes[i], together);
  });
}

}  // namespace emulated
