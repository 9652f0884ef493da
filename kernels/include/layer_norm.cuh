// LayerNorm of rows to rows, for every type of both.
#pragma once

#include "row_norm.cuh"

// `out` is where results go: memory, or memory with what is done to them on the way.
template <typename Arguments, typename Out>
DEVICE void layerNorm(const Arguments& args, Out out) {
  int row = warpRow();
  if (row >= args.rows) {
    return;
  }
  int64_t from = static_cast<int64_t>(row) * args.xPitch;
  int64_t to = static_cast<int64_t>(row) * args.outPitch;
  Norm norm{args.weight, args.bias, args.columns, args.epsilon};
  auto source = [&](int column) { return loadFloats(args.x, from + column); };
  withRow(source, args.columns, [&](const auto& x) { normalizeRow(x, norm, out, to, [](int, const Floats&) {}); });
}
