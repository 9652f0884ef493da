// The fused attention that cuDNN does on a GPU.
#pragma once

#include <cstdint>
#include <string>

namespace emulated {

// See emulator_attention. Lengths and offsets are device addresses of int32, or 0.
struct LibraryAttention {
  int sequences, maxRows, heads, headWidth;
  float scale;
  uint64_t q, k, v, out;
  int64_t pitch, outPitch;
  uint64_t queryLengths, keyLengths, offsets, outOffsets;
};

// Empty, or what is wrong with the arguments; then nothing was written.
std::string attendSequences(const LibraryAttention& attention);

}  // namespace emulated
