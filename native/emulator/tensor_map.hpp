// Descriptors of tensors for the bulk copy engine.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "scheduler.hpp"
#include "swizzle.hpp"

namespace emulated {

// What the 128 bytes hold here; on a GPU they are opaque. Elements are f16 or bytes; axis 0 is innermost and dense.
struct alignas(64) TensorMapContent {
  static constexpr int MAX_RANK = 5;
  static constexpr uint64_t MAGIC = 0x70616d20726f736e;

  uint64_t magic;
  uint64_t address;
  uint64_t extents[MAX_RANK];
  uint64_t strideBytes[MAX_RANK - 1];  // of axis 1, 2, ...
  uint16_t box[MAX_RANK];
  uint16_t rank;
  uint32_t swizzleSpan;
  uint32_t elementBytes;

  uint32_t boxRowBytes() const { return box[0] * elementBytes; }
  uint32_t boxBytes() const;
  SwizzlePattern pattern() const { return {swizzleSpan}; }
};
static_assert(sizeof(TensorMapContent) == 128);

// Fills `out`, which must lie at a multiple of 64, or says which rule of cuTensorMapEncodeTiled is broken. `elementBytes` is 2 (f16) or 1;
// `swizzle` counts as the driver does: none, 32, 64, 128 bytes.
std::string encodeTensorMap(uint64_t address, int elementBytes, int rank, const uint64_t* extents, const uint64_t* strideBytes,
                            const int32_t* box, int swizzle, void* out);

// One box, in the order of shared memory: gives each row's `box[0]` elements, zeros where the tensor does not reach, to `write` with
// its byte offset in the box. `thread` is whom a report names.
void readBox(const TensorMapContent& map, const int32_t* start, const Thread& thread, const Site& site,
             const std::function<void(uint32_t, const unsigned char*)>& write);

}  // namespace emulated
