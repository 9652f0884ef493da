#include "transaction_barrier.hpp"

#include "text.hpp"

namespace emulated {

namespace {

// PTX ISA, "contents of the mbarrier object".
constexpr int MAX_COUNT = (1 << 20) - 1;

}  // namespace

void TransactionBarriers::init(uint32_t place, int arrivals, const Site& site) {
  Thread& self = *current;
  if (arrivals < 1 || arrivals > MAX_COUNT) fail(self, site, text("mbarrier for ", arrivals, " arrivals, expected 1 to ", MAX_COUNT));
  if (states_.contains(place)) fail(self, site, text("mbarrier at byte ", place, " is initialised twice"));
  int number = static_cast<int>(states_.size());
  if (number == COPY_BARRIERS) fail(self, site, text("more than ", COPY_BARRIERS, " mbarriers in a block are not emulated"));
  State& state = states_[place];
  state.copies = self.block->copiesOf(number);
  state.expected = state.pending = arrivals;
  state.owner = &self;
  state.generation = self.block->generation;
  state.clock = self.clock;
}

void TransactionBarriers::fenceInit() {
  for (auto& [place, state] : states_) {
    if (state.owner == current) state.fenced = true;
  }
}

TransactionBarriers::State& TransactionBarriers::require(uint32_t place, const Site& site) {
  auto found = states_.find(place);
  const Thread& self = *current;
  if (found == states_.end()) fail(self, site, text("no mbarrier was initialised at byte ", place, " of shared memory"));
  State& state = found->second;
  bool known = state.owner == &self || state.generation != self.block->generation ||
               self.known.knows(state.generation, state.owner->number, state.clock);
  if (!known) {
    fail(self, site, text("race: mbarrier at byte ", place, " was initialised by thread ", state.owner->number, ", and no barrier is between"));
  }
  return state;
}

void TransactionBarriers::endPhase(State& state) {
  if (state.pending != 0 || state.bytes != 0) return;
  state.phase++;
  state.pending = state.expected;
  state.completed = state.arriving;
  state.arriving.forget();
}

void TransactionBarriers::countArrival(State& state, const Site& site) {
  if (state.pending == 0) fail(*current, site, text("more than the ", state.expected, " arrivals that the mbarrier's phase expects"));
  release(*current, state.arriving);
  state.pending--;
  endPhase(state);
}

void TransactionBarriers::arrive(uint32_t place, const Site& site) { countArrival(require(place, site), site); }

void TransactionBarriers::arriveExpect(uint32_t place, int bytes, const Site& site) {
  State& state = require(place, site);
  state.bytes += bytes;
  if (bytes < 0 || state.bytes > MAX_COUNT) fail(*current, site, text("mbarrier for ", state.bytes, " bytes, expected 0 to ", MAX_COUNT));
  countArrival(state, site);
}

void TransactionBarriers::wait(uint32_t place, int parity, const Site& site) {
  if (parity != 0 && parity != 1) fail(*current, site, text("parity ", parity, ", expected 0 or 1"));
  State& state = require(place, site);
  waitUntil("mbarrier", site, [&state, parity] { return static_cast<int>(state.phase & 1) != parity; });
  acquire(*current, state.completed);
}

void TransactionBarriers::requireForCopy(uint32_t place, const Site& site) {
  if (require(place, site).fenced) return;
  fail(*current, site, text("mbarrier at byte ", place, " was not fenced after its initialisation: a bulk copy may not see it"));
}

TransactionBarriers::Copier TransactionBarriers::nextCopy(uint32_t place) {
  State& state = states_.at(place);
  return {state.copies, ++state.copied};
}

void TransactionBarriers::completeBytes(uint32_t place, uint32_t bytes, const Thread& thread, const Site& site) {
  State& state = states_.at(place);
  state.bytes -= bytes;
  if (state.pending == 0 && state.bytes < 0) {
    fail(thread, site, text("bulk copy brings ", -state.bytes, " bytes more than the mbarrier's phase expects"));
  }
  state.arriving.hear(thread.block->generation, thread.block->actors(), state.copies, state.copied);
  endPhase(state);
}

}  // namespace emulated
