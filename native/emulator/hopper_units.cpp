#include "hopper_units.hpp"

#include <cstring>

#include "shared_memory.hpp"
#include "text.hpp"

namespace emulated {

namespace {

// PTX ISA, "cp.async.bulk.tensor": shared memory address and, by the driver's manual, the tensor map.
constexpr uint32_t DESTINATION_ALIGNMENT = 128;
constexpr uint64_t MAP_ALIGNMENT = 64;

const TensorMapContent& requireMap(const void* map, const Site& site) {
  if (reinterpret_cast<uint64_t>(map) % MAP_ALIGNMENT != 0) {
    fail(*current, site, text("tensor map is not at a multiple of ", MAP_ALIGNMENT, " bytes"));
  }
  const auto& content = *static_cast<const TensorMapContent*>(map);
  if (content.magic != TensorMapContent::MAGIC) fail(*current, site, "no tensor map where the kernel looks for one");
  return content;
}

}  // namespace

HopperUnits& HopperUnits::ofBlock() {
  Block& block = *current->block;
  if (block.actors() > MAX_ACTORS) fail(*current, Site(), text("a block of ", block.threads, " threads cannot use what sm_90a adds: not emulated"));
  if (block.hopper == nullptr) block.hopper = std::make_unique<HopperUnits>(block);
  return *block.hopper;
}

uint32_t HopperUnits::boxBytes(const void* map, uint32_t elementBytes, const Site& site) {
  const TensorMapContent& content = requireMap(map, site);
  if (content.elementBytes != elementBytes) {
    fail(*current, site, text("tensor map of elements of ", content.elementBytes, " bytes, copied to elements of ", elementBytes));
  }
  return content.boxBytes();
}

void HopperUnits::copyBox(uint32_t place, const void* map, std::array<int32_t, 3> start, uint32_t barrierPlace, const Site& site) {
  const TensorMapContent& content = requireMap(map, site);
  if (content.rank != start.size()) fail(*current, site, text("tensor map of rank ", content.rank, ", the copy is of rank ", start.size()));
  barriers.requireForCopy(barrierPlace, site);
  SharedMemory& shared = *block_.shared;
  SwizzlePattern pattern = content.pattern();
  bool swizzled = pattern.span > PIECE_BYTES;
  // ASSUMPTION: swizzled boxes begin where the pattern does and fill its lines; the manual does not show others.
  uint32_t alignment = swizzled ? std::max(DESTINATION_ALIGNMENT, pattern.repeat()) : DESTINATION_ALIGNMENT;
  if (swizzled && content.boxRowBytes() != pattern.span) {
    fail(*current, site, text("box rows of ", content.boxRowBytes(), " bytes under a swizzle of ", pattern.span,
                              ": only whole lines are emulated"));
  }
  Thread& self = *current;
  shared.require(shared.base() + place, content.boxBytes(), alignment, "bulk copy writes", site);
  for (uint32_t piece = place; piece < place + content.boxBytes(); piece += PIECE_BYTES) {
    proxies.require(self, piece, site);
    proxies.overwritten(piece);
  }
  shared.history().startCopy(self, place, content.boxBytes(), site);
  std::memset(shared.base() + place, 0xff, content.boxBytes());
  block_.deferred.push_back([this, place, &content, start, barrierPlace, site, &self] {
    deliverBox(place, content, start, barrierPlace, site, self);
  });
}

void HopperUnits::deliverBox(uint32_t place, const TensorMapContent& map, std::array<int32_t, 3> start, uint32_t barrierPlace, const Site& site,
                             const Thread& issuer) {
  if (block_.alive == 0) fail(issuer, site, "bulk copy is still under way when the block ends");
  SharedMemory& shared = *block_.shared;
  SwizzlePattern pattern = map.pattern();
  readBox(map, start.data(), issuer, site, [&](uint32_t offset, const unsigned char* row) {
    for (uint32_t piece = 0; piece < map.boxRowBytes(); piece += PIECE_BYTES) {
      std::memcpy(shared.base() + pattern.place(place + offset + piece), row + piece, PIECE_BYTES);
    }
  });
  TransactionBarriers::Copier copier = barriers.nextCopy(barrierPlace);
  shared.history().finishCopy(copier.actor, copier.clock, place, map.boxBytes(), site);
  barriers.completeBytes(barrierPlace, map.boxBytes(), issuer, site);
}

void HopperUnits::requireForProduct(uint32_t place, uint32_t number, const Site& site) {
  SharedMemory& shared = *block_.shared;
  shared.require(shared.base() + place, PIECE_BYTES, PIECE_BYTES, "wgmma reads", site);
  proxies.require(*current, place, site);
  shared.history().readForProduct(*current, block_.productsOf(current->warp->number), number, place, PIECE_BYTES, site);
}

}  // namespace emulated
