package org.conceptclip.backend.cpu;

/**
 * How rows are divided among tasks: in few distinct sizes, so that few kernels are compiled.
 *
 * <p>All chunks but the last ones have {@code size} rows. What remains is rounded up to a multiple of {@value #STEP}, and
 * that chunk starts earlier, so that it overlaps the one before: the shared rows are computed twice, with the same bits.
 * Where rows must be computed once (results are added to), or where there is nothing to overlap, the rest is cut into a
 * multiple of {@value #STEP} and a remainder below it.
 */
record RowChunks(int[] starts, int[] sizes) {
  static final int STEP = 16;

  static RowChunks of(int rows, int size, boolean mayOverlap) {
    int full = rows / size;
    int rest = rows - full * size;
    int rounded = Math.ceilDiv(rest, STEP) * STEP;
    boolean one = rest == rounded || rest < STEP && (full == 0 || !mayOverlap) || mayOverlap && full > 0;
    int count = full + (rest == 0 ? 0 : one ? 1 : 2);
    int[] starts = new int[count];
    int[] sizes = new int[count];
    for (int i = 0; i < full; i++) {
      starts[i] = i * size;
      sizes[i] = size;
    }
    if (rest > 0 && one) {
      int last = mayOverlap && full > 0 ? rounded : rest;
      starts[full] = rows - last;
      sizes[full] = last;
    } else if (rest > 0) {
      int floor = rounded - STEP;
      starts[full] = full * size;
      sizes[full] = floor;
      int last = mayOverlap ? STEP : rest - floor;
      starts[full + 1] = rows - last;
      sizes[full + 1] = last;
    }
    return new RowChunks(starts, sizes);
  }

  /** All rows as one chunk. */
  static RowChunks whole(int rows) {
    return new RowChunks(new int[] {0}, new int[] {rows});
  }

  int count() {
    return starts.length;
  }
}
