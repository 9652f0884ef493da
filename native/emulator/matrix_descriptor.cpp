#include "matrix_descriptor.hpp"

#include "text.hpp"

namespace emulated {

namespace {

constexpr uint32_t DEPTH_BYTES = 32;
constexpr uint32_t LONGEST_LINE = 128;

uint32_t field(uint64_t bits, int first) { return static_cast<uint32_t>(bits >> first & 0x3fff) << 4; }

}  // namespace

MatrixDescriptor MatrixDescriptor::decode(uint64_t bits) {
  // Bits 62 and 63: 0 none, 1, 2, 3: 128, 64, 32 bytes.
  uint32_t mode = static_cast<uint32_t>(bits >> 62);
  uint32_t span = mode == 0 ? PIECE_BYTES : 256u >> mode;
  constexpr uint64_t USED = 0xc00e'3fff'3fff'3fff;
  return {field(bits, 0), field(bits, 16), field(bits, 32), static_cast<uint32_t>(bits >> 49 & 7), {span}, mode != 0, bits & ~USED};
}

std::string MatrixDescriptor::check(uint32_t outerExtent, bool outerInnermost) const {
  if (unusedBits != 0) return text("bits ", unusedBits, " are set that a matrix descriptor does not have");
  if (!swizzled) return "layouts without swizzle are not emulated";
  // ASSUMPTION: the manual defines the base offset for matrices that begin elsewhere in the pattern; no kernel here needs that.
  if (baseOffset != 0) return text("base offset ", baseOffset, ", only 0 is emulated");
  uint32_t inLine = start % pattern.repeat();
  if (inLine >= pattern.span) {
    return text("matrix begins ", inLine, " bytes into the swizzle's pattern, expected its first line (a multiple of ", pattern.repeat(),
                ", or inside the line there)");
  }
  if (strideBytes % pattern.repeat() != 0) {
    return text("stride of ", strideBytes, " bytes, expected a multiple of the swizzle's ", pattern.repeat());
  }
  if (outerInnermost) {
    // The manual shows operands of whole lines only. That one may end inside a line of 128 bytes, whose rest is not read, was confirmed on an
    // NVIDIA H200: N = 72 gives the results of 64 + 8 columns. ASSUMPTION of nothing for lines of 64 and 32 bytes, where nobody has looked.
    uint32_t width = pattern.span / 2;
    bool wholePieces = outerExtent % (PIECE_BYTES / 2) == 0, wholeLines = outerExtent % width == 0;
    if (inLine != 0 || !wholePieces || (!wholeLines && pattern.span != LONGEST_LINE)) {
      return text("N of ", outerExtent, " from byte ", inLine, " of a line, expected ",
                  pattern.span == LONGEST_LINE ? "whole pieces of 8 from a line's begin" : text("whole lines of ", width));
    }
    if (outerExtent > width && leadingBytes % pattern.repeat() != 0) {
      return text("leading offset of ", leadingBytes, " bytes, expected a multiple of the swizzle's ", pattern.repeat());
    }
  } else if (inLine + DEPTH_BYTES > pattern.span) {
    return text(DEPTH_BYTES, " bytes from byte ", inLine, " leave their line of ", pattern.span, " bytes");
  }
  return {};
}

}  // namespace emulated
