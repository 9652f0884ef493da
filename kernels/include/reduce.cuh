// Sums and maxima over a warp or a block, for every thread. The tree is always the same, so the bits depend on the values alone.
#pragma once

#include <cmath>

#include "device.cuh"

DEVICE float warpSum(float value) {
#pragma unroll
  for (int mask = WARP / 2; mask > 0; mask /= 2) {
    value += shuffleXor(value, mask);
  }
  return value;
}

DEVICE float warpMax(float value) {
#pragma unroll
  for (int mask = WARP / 2; mask > 0; mask /= 2) {
    value = fmaxf(value, shuffleXor(value, mask));
  }
  return value;
}

// Of a block of `warps` warps. The warps' results go through sWarps, one element each: the caller has to make sure that the
// block is done with what was in there.
template <int warps>
DEVICE float blockSum(float value, Shared<float> sWarps) {
  value = warpSum(value);
  if (threadIdx.x % WARP == 0) {
    sWarps.set(threadIdx.x / WARP, value);
  }
  syncThreads();
  float sum = 0;
#pragma unroll
  for (int warp = 0; warp < warps; warp++) {
    sum += sWarps.get(warp);
  }
  return sum;
}

template <int warps>
DEVICE float blockMax(float value, Shared<float> sWarps) {
  value = warpMax(value);
  if (threadIdx.x % WARP == 0) {
    sWarps.set(threadIdx.x / WARP, value);
  }
  syncThreads();
#pragma unroll
  for (int warp = 0; warp < warps; warp++) {
    value = fmaxf(value, sWarps.get(warp));
  }
  return value;
}
