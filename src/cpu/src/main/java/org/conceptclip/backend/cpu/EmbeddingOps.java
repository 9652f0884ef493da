package org.conceptclip.backend.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.conceptclip.op.Epilogue;
import org.conceptclip.op.PatchGeometry;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;

/** Pixels and token ids to rows of a tower. */
record EmbeddingOps(WorkerPool pool, LinearOp linear, NormOp norm) {
  private static final int PATCH_CHUNK_ROWS = 96;
  private static final int TOKEN_CHUNK_ROWS = 16;
  private static final int ROWS = 0;
  private static final int SUMS = 1;

  /** See {@link org.conceptclip.op.Ops#patchEmbed}: patches as rows of a matrix, then a product added to the positions. */
  void patchEmbed(WorkerContext own, HostTensor pixels, CpuWeights.PatchEmbedding weights, HostTensor out) {
    PatchGeometry geometry = weights.geometry();
    PackedLinear projection = weights.projection();
    int tokens = geometry.tokens();
    int size = Math.ceilDiv(tokens, Math.ceilDiv(tokens, PATCH_CHUNK_ROWS));
    int chunks = Math.ceilDiv(tokens, size);
    int images = Math.toIntExact(pixels.shape().extent(0));
    DType type = projection.inputType();
    MemorySegment positions =
        MemorySegment.ofAddress(weights.positionsAddress()).reinterpret(4L * tokens * weights.width());
    pool.run(images * chunks, own, (task, context) -> {
      int image = task / chunks;
      int first = task % chunks * size;
      int rows = Math.min(size, tokens - first);
      long patchBytes = (long) rows * geometry.patchValues() * type.bytes();
      long patches = context.scratch(ROWS, patchBytes);
      MemorySegment rowsOfPatches = MemorySegment.ofAddress(patches).reinterpret(patchBytes);
      float[] patch = context.floats(0, geometry.patchValues());
      for (int r = 0; r < rows; r++) {
        patch(pixels, image, first + r, weights, patch);
        Floats.store(patch, rowsOfPatches, type, (long) r * geometry.patchValues(), geometry.patchValues());
      }
      long outRow = (long) image * tokens + first;
      fillPositions(context, positions, first, rows, weights.width(), out, outRow);
      long outAddress = out.data().address() + outRow * weights.width() * out.dtype().bytes();
      for (int slice = 0; slice < projection.slices(); slice++) {
        linear.slice(context, patches, rows, projection, slice, Epilogue.ACCUMULATE, outAddress, out.dtype());
      }
    });
  }

  private static void fillPositions(
      WorkerContext context, MemorySegment positions, int first, int rows, int width, HostTensor out, long outRow) {
    float[] row = context.floats(1, width);
    for (int r = 0; r < rows; r++) {
      Floats.load(positions, DType.F32, (long) (first + r) * width, row, width);
      Floats.store(row, out.data(), out.dtype(), (outRow + r) * width, width);
    }
  }

  /** Values of one patch in the kernel's order: channel, row, column. */
  private static void patch(HostTensor pixels, int image, int token, CpuWeights.PatchEmbedding weights, float[] patch) {
    int side = weights.geometry().imageSize();
    int p = weights.geometry().patchSize();
    int top = token / weights.geometry().grid() * p;
    int left = token % weights.geometry().grid() * p;
    MemorySegment data = pixels.data();
    int i = 0;
    for (int c = 0; c < 3; c++) {
      for (int y = top; y < top + p; y++) {
        if (pixels.dtype() == DType.U8) {
          long at = (((long) image * side + y) * side + left) * 3 + c;
          for (int x = 0; x < p; x++) {
            patch[i++] = weights.pixelValues()[c * 256 + (data.get(ValueLayout.JAVA_BYTE, at + 3L * x) & 0xff)];
          }
        } else {
          long at = (((long) image * 3 + c) * side + y) * side + left;
          for (int x = 0; x < p; x++) {
            patch[i++] = pixels.getFloat(at + x);
          }
        }
      }
    }
  }

  /** See {@link org.conceptclip.op.Ops#tokenEmbed}. */
  void tokenEmbed(WorkerContext own, TokenBatch tokens, CpuWeights.TokenEmbedding weights, HostTensor out) {
    int width = weights.width();
    int total = tokens.ids().length;
    pool.run(Math.ceilDiv(total, TOKEN_CHUNK_ROWS), own, (task, context) -> {
      int first = task * TOKEN_CHUNK_ROWS;
      int rows = Math.min(TOKEN_CHUNK_ROWS, total - first);
      long sums = context.scratch(SUMS, 4L * rows * width);
      MemorySegment sumRows = MemorySegment.ofAddress(sums).reinterpret(4L * rows * width);
      float[] word = context.floats(0, width);
      float[] position = context.floats(1, width);
      for (int r = 0; r < rows; r++) {
        Floats.load(weights.words(), weights.type(), (long) tokens.ids()[first + r] * width, word, width);
        Floats.load(weights.positionsAndType(), DType.F32, (long) tokens.positions()[first + r] * width, position, width);
        for (int c = 0; c < width; c++) {
          word[c] += position[c];
        }
        Floats.store(word, sumRows, DType.F32, (long) r * width, width);
      }
      norm.chunk(context, sums, DType.F32, rows, weights.norm(),
          out.data().address() + (long) first * width * out.dtype().bytes(), out.dtype());
    });
  }
}
