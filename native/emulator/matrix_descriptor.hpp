// Matrix descriptors of warpgroup products: PTX ISA, "wgmma", matrix descriptor format and shared memory matrix layout.
#pragma once

#include <cstdint>
#include <string>

#include "swizzle.hpp"

namespace emulated {

// Operands are 32 bytes deep: 16 f16 or 32 e4m3. `outer` counts along M or N, `k` along the depth.
struct MatrixDescriptor {
  uint32_t start;         // byte address in shared memory
  uint32_t leadingBytes;  // M or N innermost: from one line's width of outer elements to the next; else not used
  uint32_t strideBytes;   // from 8 lines to the next 8
  uint32_t baseOffset;
  SwizzlePattern pattern;
  bool swizzled;
  uint64_t unusedBits;

  static MatrixDescriptor decode(uint64_t bits);

  // Byte of shared memory at which a 16-byte piece begins, the first or the second of an outer index; lines run along k.
  uint32_t pieceKInnermost(uint32_t outer, uint32_t piece) const {
    return pattern.place(start + outer / 8 * strideBytes + outer % 8 * pattern.span + piece * PIECE_BYTES);
  }
  // The piece of f16 with element (outer, k); lines run along the outer axis, one per k.
  uint32_t pieceOuterInnermost(uint32_t outer, uint32_t k) const {
    uint32_t width = pattern.span / 2;
    return pattern.place(start + outer / width * leadingBytes + outer % width / 8 * PIECE_BYTES + k / 8 * strideBytes + k % 8 * pattern.span);
  }

  // What is wrong with it for an operand of `outerExtent` x 32 bytes, or nothing.
  std::string check(uint32_t outerExtent, bool outerInnermost) const;
};

}  // namespace emulated
