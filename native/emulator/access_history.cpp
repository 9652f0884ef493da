#include "access_history.hpp"

#include <algorithm>

#include "text.hpp"

namespace emulated {

namespace {

constexpr uint32_t LINE = 16;
constexpr uint32_t LINES = MAX_SHARED_BYTES / LINE;
// A stamp: generation, 10 bits of thread, CLOCK_BITS of clock.
constexpr int GENERATION_SHIFT = 32;

uint64_t generationOf(uint64_t stamp) { return stamp >> GENERATION_SHIFT; }
int threadOf(uint64_t stamp) { return static_cast<int>(static_cast<uint32_t>(stamp) >> CLOCK_BITS); }
uint32_t clockOf(uint64_t stamp) { return stamp & MAX_CLOCK; }

// Sites are addresses of constants in this library: 32 bits of distance from one of its own tell them apart.
const char anchor = 0;
static_assert(sizeof(Site) == sizeof(int64_t));
int32_t packed(const Site& site) { return static_cast<int32_t>(std::bit_cast<int64_t>(site) - reinterpret_cast<int64_t>(&anchor)); }
Site unpacked(int32_t distance) { return std::bit_cast<Site>(reinterpret_cast<int64_t>(&anchor) + distance); }

}  // namespace

struct AccessHistory::Access {
  const Thread& thread;
  const char* verb;
  uint32_t offset, bytes;
  const Site& site;
};

AccessHistory::AccessHistory() : lines_(LINES), pieces_(LINES * LINE), granules_(LINES, LINE) {}

void AccessHistory::begin(const Block& block) {
  block_ = &block;
  firstGeneration_ = block.generation;
  std::fill_n(granules_.begin(), (block.sharedBytes + LINE - 1) / LINE, LINE);
  forgetReaders();
}

// Index 0 says "none".
void AccessHistory::forgetReaders() {
  readers_.resize(1);
  tables_.clear();
}

uint64_t AccessHistory::stampOf(int actor, uint32_t clock) const {
  return static_cast<uint64_t>(block_->generation) << GENERATION_SHIFT | static_cast<uint32_t>(actor) << CLOCK_BITS | clock;
}

bool AccessHistory::unordered(const Thread& thread, uint64_t stamp) const {
  return generationOf(stamp) == block_->generation && threadOf(stamp) != thread.number &&
         !thread.known.knows(block_->generation, threadOf(stamp), clockOf(stamp));
}

template <typename Visit>
void AccessHistory::visit(uint32_t offset, uint32_t bytes, Visit visit) {
  uint32_t line = offset / LINE;
  if (granules_[line] == LINE && bytes == LINE) {
    visit(lines_[line]);
    return;
  }
  if (granules_[line] > bytes) split(line, bytes);
  uint32_t granule = granules_[line];
  for (uint32_t at = offset; at < offset + bytes; at += granule) visit(pieces_[at]);
}

void AccessHistory::split(uint32_t line, uint32_t bytes) {
  uint32_t granule = granules_[line];
  Piece* pieces = &pieces_[line * LINE];
  for (uint32_t at = 0; at < LINE; at += bytes) {
    uint32_t from = at / granule * granule;
    Piece whole = granule == LINE ? lines_[line] : pieces[from];
    // Each piece gets its own set: the next reader may read one of them alone.
    if (at != from && whole.readers != 0 && generationOf(whole.read) == block_->generation) {
      Readers copy = readers_[whole.readers];
      if (copy.table >= 0) {
        int table = static_cast<int>(tables_.size());
        tables_.resize(tables_.size() + block_->actors());
        std::copy_n(tables_.begin() + copy.table, block_->actors(), tables_.begin() + table);
        copy.table = table;
      }
      whole.readers = static_cast<uint32_t>(readers_.size());
      readers_.push_back(copy);
    }
    pieces[at] = whole;
  }
  granules_[line] = static_cast<uint8_t>(bytes);
}

void AccessHistory::checkRead(const Piece& piece, const Thread& reader, const Access& access) const {
  if (generationOf(piece.write) < firstGeneration_) {
    fail(access.thread, access.site, text("uninitialised: ", access.verb, " ", access.bytes, " bytes at byte ", access.offset,
                                          " of shared memory, which nobody has written yet in this block"));
  }
  if (piece.copying) reportCopying(access, piece);
  if (unordered(reader, piece.write)) reportRace(access, reader, "written", piece.write, piece.writeSite);
}

void AccessHistory::noteRead(Piece& piece, const Thread& reader, uint64_t mine, const Access& access) {
  if (piece.read == mine) return;
  bool first = generationOf(piece.read) != block_->generation;
  if (first || (piece.readers == 0 && !unordered(reader, piece.read))) {
    piece.readers = 0;
  } else {
    if (piece.readers == 0) addReader(piece, static_cast<uint32_t>(piece.read));
    addReader(piece, static_cast<uint32_t>(mine));
  }
  piece.read = mine;
  piece.readSite = packed(access.site);
}

void AccessHistory::addReader(Piece& piece, uint32_t stamp) {
  if (piece.readers == 0) {
    piece.readers = static_cast<uint32_t>(readers_.size());
    readers_.emplace_back();
  }
  add(readers_[piece.readers], stamp);
}

void AccessHistory::add(Readers& readers, uint32_t stamp) {
  if (readers.table < 0) {
    for (int i = 0; i < readers.count; i++) {
      if (threadOf(readers.stamps[i]) == threadOf(stamp)) {
        readers.stamps[i] = stamp;
        return;
      }
    }
    if (readers.count < Readers::FEW) {
      readers.stamps[readers.count++] = stamp;
      return;
    }
    readers.table = static_cast<int>(tables_.size());
    tables_.resize(tables_.size() + block_->actors());
    for (uint32_t each : readers.stamps) tables_[readers.table + threadOf(each)] = clockOf(each);
  }
  tables_[readers.table + threadOf(stamp)] = clockOf(stamp);
}

uint64_t AccessHistory::unorderedReader(const Piece& piece, const Thread& thread) const {
  if (generationOf(piece.read) != block_->generation) return 0;
  if (piece.readers == 0) return unordered(thread, piece.read) ? piece.read : 0;
  uint64_t generation = piece.read >> GENERATION_SHIFT << GENERATION_SHIFT;
  const Readers& readers = readers_[piece.readers];
  if (readers.table < 0) {
    for (int i = 0; i < readers.count; i++) {
      if (unordered(thread, generation | readers.stamps[i])) return generation | readers.stamps[i];
    }
    return 0;
  }
  for (int i = 0; i < block_->actors(); i++) {
    uint64_t stamp = generation | static_cast<uint32_t>(i) << CLOCK_BITS | tables_[readers.table + i];
    if (clockOf(stamp) != 0 && unordered(thread, stamp)) return stamp;
  }
  return 0;
}

void AccessHistory::checkWrite(const Piece& piece, const Access& access) const {
  if (generationOf(piece.write) >= firstGeneration_) {
    if (piece.copying) reportCopying(access, piece);
    if (unordered(access.thread, piece.write)) reportRace(access, access.thread, "written", piece.write, piece.writeSite);
  }
  if (uint64_t reader = unorderedReader(piece, access.thread)) reportRace(access, access.thread, "read", reader, piece.readSite);
}

void AccessHistory::read(Thread& thread, uint32_t offset, uint32_t bytes, const Site& site) {
  Access access{thread, "reads", offset, bytes, site};
  visit(offset, bytes, [&](Piece& piece) {
    checkRead(piece, thread, access);
    noteRead(piece, thread, stampOf(thread.number, thread.clock), access);
  });
}

void AccessHistory::readForWarp(Thread& thread, uint32_t offset, uint32_t bytes, const Site& site) {
  readForLanes(thread, stampOf(thread.number, thread.clock), {thread, "reads for all lanes", offset, bytes, site});
}

void AccessHistory::readForProduct(const Thread& thread, int actor, uint32_t clock, uint32_t offset, uint32_t bytes, const Site& site) {
  readForLanes(thread, stampOf(actor, clock), {thread, "reads for a product", offset, bytes, site});
}

void AccessHistory::readForLanes(const Thread& thread, uint64_t mine, const Access& access) {
  visit(access.offset, access.bytes, [&](Piece& piece) {
    checkRead(piece, thread, access);
    if (generationOf(piece.write) == block_->generation) {
      const Thread* lanes = &thread - thread.lane;
      for (int i = 0; i < LANES; i++) checkRead(piece, lanes[i], access);
    }
    noteRead(piece, thread, mine, access);
  });
}

void AccessHistory::write(Thread& thread, uint32_t offset, uint32_t bytes, const Site& site) {
  Access access{thread, "writes", offset, bytes, site};
  Piece written{stampOf(thread.number, thread.clock), 0, packed(site), 0, 0, false};
  visit(offset, bytes, [&](Piece& piece) {
    checkWrite(piece, access);
    piece = written;
  });
  if (bytes == LINE) {
    granules_[offset / LINE] = LINE;
    lines_[offset / LINE] = written;
  }
}

void AccessHistory::startCopy(Thread& thread, uint32_t offset, uint32_t bytes, const Site& site) {
  for (uint32_t at = offset; at < offset + bytes; at += LINE) {
    write(thread, at, LINE, site);
    lines_[at / LINE].copying = true;
  }
}

void AccessHistory::finishCopy(int actor, uint32_t clock, uint32_t offset, uint32_t bytes, const Site& site) {
  Piece written{stampOf(actor, clock), 0, packed(site), 0, 0, false};
  std::fill_n(lines_.begin() + offset / LINE, bytes / LINE, written);
}

std::string AccessHistory::nameOf(uint64_t stamp) const {
  int actor = threadOf(stamp);
  if (actor < block_->threads) return text("thread ", actor);
  return actor < block_->copiesOf(0) ? text("a product of warp ", actor - block_->productsOf(0)) : std::string("a bulk copy");
}

void AccessHistory::reportRace(const Access& access, const Thread& later, const char* what, uint64_t stamp, int32_t site) const {
  fail(access.thread, access.site,
       text("race: ", access.verb, " ", access.bytes, " bytes at byte ", access.offset, " of shared memory, which was ", what, " by ",
            nameOf(stamp), " (", unpacked(site), "), and nothing orders that before thread ", later.number));
}

void AccessHistory::reportCopying(const Access& access, const Piece& piece) {
  fail(access.thread, access.site,
       text("race: ", access.verb, " ", access.bytes, " bytes at byte ", access.offset, " of shared memory, which an asynchronous copy of thread ",
            threadOf(piece.write), " (", unpacked(piece.writeSite), ") is still writing: nobody has waited for it"));
}

}  // namespace emulated
