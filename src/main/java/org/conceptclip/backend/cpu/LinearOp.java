package org.conceptclip.backend.cpu;

import org.conceptclip.op.Epilogue;
import org.conceptclip.tensor.DType;

/** Matrix products with prepacked weights: a grid of row chunks times column slices, one task each. */
final class LinearOp {
  /** Rows of a chunk: 96 to 243 measured alike; more rows a chunk would leave too few tasks. */
  private static final int CHUNK_ROWS = 192;

  private static final int SMALLEST_CHUNK_ROWS = 48;
  private static final int TASKS_A_THREAD = 4;

  private final Kernels kernels;
  private final WorkerPool pool;

  LinearOp(Kernels kernels, WorkerPool pool) {
    this.kernels = kernels;
    this.pool = pool;
  }

  /** See {@link org.conceptclip.op.Ops#linear}; x and out are dense [rows, inputs] and [rows, outputs]. */
  void run(WorkerContext own, long x, DType xType, int rows, PackedLinear weights, Epilogue epilogue, long out, DType outType) {
    if (xType != weights.inputType()) {
      throw new IllegalArgumentException(
          "input of " + weights + " is " + xType + ", its weights are packed for " + weights.inputType());
    }
    int size = CHUNK_ROWS;
    while (size > SMALLEST_CHUNK_ROWS
        && Math.ceilDiv(rows, size) * weights.slices() < TASKS_A_THREAD * pool.threads()) {
      size /= 2;
    }
    // No overlap: oneDNN keeps partial sums of a long product in the output, where a neighbour's would mix in.
    RowChunks chunks = RowChunks.of(rows, size, false);
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
    Kernel kernel = kernels.linear(new Kernels.Linear(rows, weights.inputs(), weights.outputsOf(slice),
        weights.inputType(), weights.weightType(), outType, weights.outputs(), weights.hasBias(), epilogue));
    BoundKernel bound = context.bind(kernel)
        .aim(0, x)
        .aim(1, weights.sliceAddresses()[slice])
        .aim(2, out + (long) weights.firstOutput(slice) * outType.bytes());
    if (weights.hasBias()) {
      bound.aim(3, weights.biasAddressOf(slice));
    }
    context.run(kernel);
  }
}
