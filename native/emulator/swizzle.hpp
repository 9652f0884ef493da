// Where 16-byte pieces of shared memory lie under the swizzles that bulk copies and products share.
#pragma once

#include <cstdint>

namespace emulated {

constexpr uint32_t PIECE_BYTES = 16;

// How 16-byte pieces are exchanged within a line of `span` bytes; a span of one piece leaves them where they are. The pattern goes by
// address: with S pieces in a line, address bits 4 and up are xored with as many of bits 7 and up (CuTe's Swizzle<log2 S, 4, 3>, to which
// the PTX manual refers), so it repeats every 8 lines.
struct SwizzlePattern {
  uint32_t span;

  uint32_t repeat() const { return 8 * span; }
  uint32_t place(uint32_t offset) const { return offset ^ ((offset >> 7 & (span / PIECE_BYTES - 1)) << 4); }
};

}  // namespace emulated
