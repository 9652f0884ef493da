package org.conceptclip.backend.cpu;

import java.lang.foreign.MemorySegment;
import org.conceptclip.op.Epilogue;
import org.conceptclip.tensor.DType;

/** Matrix products with prepacked weights: a grid of row chunks times column slices, one task each. */
record LinearOp(Kernels kernels, WorkerPool pool) {
  /** Rows of a chunk: 96 to 243 measured alike; more rows a chunk would leave too few tasks. */
  private static final int CHUNK_ROWS = 192;

  /** With narrow weights each task widens its slice first, which more rows share. */
  private static final int NARROW_CHUNK_ROWS = 384;

  private static final int SMALLEST_CHUNK_ROWS = 48;

  /**
   * Up to this number of rows stay in one chunk: a second one reads all weights again, which for few rows is
   * most of the work (a text of 20 tokens: 16.9 ms instead of 30.0). It costs a kernel a row count and layer shape.
   */
  private static final int WHOLE_ROWS = 48;

  private static final int TASKS_A_THREAD = 4;
  private static final int WIDENED = 2;
  private static final int SINGLE_ROW = 3;

  /** See {@link org.conceptclip.op.Ops#linear}; x and out are dense [rows, inputs] and [rows, outputs]. */
  void run(WorkerContext own, long x, DType xType, int rows, PackedLinear weights, Epilogue epilogue, long out, DType outType) {
    if (xType != weights.inputType()) {
      throw new IllegalArgumentException(
          "input of " + weights + " is " + xType + ", its weights are packed for " + weights.inputType());
    }
    int size = weights.isNarrow() ? NARROW_CHUNK_ROWS : CHUNK_ROWS;
    while (size > SMALLEST_CHUNK_ROWS
        && Math.ceilDiv(rows, size) * weights.slices() < TASKS_A_THREAD * pool.threads()) {
      size /= 2;
    }
    // No overlap: oneDNN keeps partial sums of a long product in the output, where a neighbour's would mix in.
    RowChunks chunks = rows <= WHOLE_ROWS ? RowChunks.whole(rows) : RowChunks.of(rows, size, false);
    pool.run(chunks.count() * weights.slices(), own, (task, context) -> {
      // Neighbouring tasks share a slice, so that its weights stay in cache.
      int slice = task / chunks.count();
      int chunk = task % chunks.count();
      long start = chunks.starts()[chunk];
      slice(context, x + start * weights.inputs() * xType.bytes(), chunks.sizes()[chunk], weights, slice, epilogue,
          out + start * weights.outputs() * outType.bytes(), outType);
    });
  }

  /** One slice of the outputs of some rows, on the calling thread. */
  void slice(
      WorkerContext context, long x, int rows, PackedLinear weights, int slice, Epilogue epilogue, long out, DType outType) {
    long first = out + (long) weights.firstOutput(slice) * outType.bytes();
    if (rows == 1) {
      singleRow(context, x, weights, slice, epilogue, first, outType);
    } else {
      product(context, x, rows, weights, slice, epilogue, first, weights.outputs(), outType);
    }
  }

  private void product(
      WorkerContext context,
      long x,
      int rows,
      PackedLinear weights,
      int slice,
      Epilogue epilogue,
      long out,
      int outStride,
      DType outType) {
    // In float32 oneDNN's GELU is the less accurate one; what bf16 keeps of it is the same.
    boolean ownGelu = epilogue == Epilogue.GELU && outType == DType.F32;
    int outputs = weights.outputsOf(slice);
    Kernel kernel = kernels.linear(new Kernels.Linear(rows, weights.inputs(), outputs, weights.inputType(),
        outType, outStride, weights.hasBias(), ownGelu ? Epilogue.NONE : epilogue));
    BoundKernel bound = context.bind(kernel).aim(0, x).aim(1, packed(context, weights, slice, kernel)).aim(2, out);
    if (weights.hasBias()) {
      bound.aim(3, weights.biasAddressOf(slice));
    }
    context.run(kernel);
    if (ownGelu) {
      gelu(context, out, rows, outputs, outStride);
    }
  }

  /**
   * Address of a slice's weights in the type of the product. Stored narrow, they are widened here: oneDNN 3.11's own product
   * of float32 and bfloat16 is wrong in its packed layout from a few hundred inputs on.
   */
  private long packed(WorkerContext context, PackedLinear weights, int slice, Kernel user) {
    if (!weights.isNarrow()) {
      return weights.sliceAddresses()[slice];
    }
    long values = user.layoutBytes(1) / weights.inputType().bytes();
    long widened = context.scratch(WIDENED, values * weights.inputType().bytes());
    Kernel cast = kernels.cast(new Kernels.Cast(values, weights.weightType(), weights.inputType()));
    context.bind(cast).aim(0, weights.sliceAddresses()[slice]).aim(1, widened);
    context.run(cast);
    return widened;
  }

  /** In place, while the tile is in cache. */
  private static void gelu(WorkerContext context, long out, int rows, int outputs, int outStride) {
    MemorySegment tile = MemorySegment.ofAddress(out).reinterpret(4L * ((rows - 1L) * outStride + outputs));
    float[] row = context.floats(0, outputs);
    for (int r = 0; r < rows; r++) {
      Floats.load(tile, DType.F32, (long) r * outStride, row, outputs);
      Gelu.apply(row, outputs);
      Floats.store(row, tile, DType.F32, (long) r * outStride, outputs);
    }
  }

  /**
   * One row as two equal ones: for a single row oneDNN switches to a matrix-vector product that sums in another order (and,
   * with bf16 weights, comes out wrong).
   */
  private void singleRow(
      WorkerContext context, long x, PackedLinear weights, int slice, Epilogue epilogue, long out, DType outType) {
    long inBytes = (long) weights.inputs() * weights.inputType().bytes();
    long outBytes = (long) weights.outputsOf(slice) * outType.bytes();
    long rowsIn = context.scratch(SINGLE_ROW, 2 * inBytes + 2 * outBytes);
    long rowsOut = rowsIn + 2 * inBytes;
    copy(x, rowsIn, inBytes);
    copy(x, rowsIn + inBytes, inBytes);
    if (epilogue == Epilogue.ACCUMULATE) {
      copy(out, rowsOut, outBytes);
      copy(out, rowsOut + outBytes, outBytes);
    }
    product(context, rowsIn, 2, weights, slice, epilogue, rowsOut, weights.outputsOf(slice), outType);
    copy(rowsOut, out, outBytes);
  }

  private static void copy(long from, long to, long bytes) {
    MemorySegment.copy(MemorySegment.ofAddress(from).reinterpret(bytes), 0, MemorySegment.ofAddress(to).reinterpret(bytes), 0,
        bytes);
  }
}
