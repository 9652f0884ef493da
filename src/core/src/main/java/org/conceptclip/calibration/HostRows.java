package org.conceptclip.calibration;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.function.Consumer;
import org.conceptclip.op.Workspace;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.Float8;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Tensor;
import org.conceptclip.util.Parallel;

/** Activations of any backend as float32 rows on the host, and back. */
final class HostRows {
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Rows that one task takes. */
  private static final int BAND = 64;

  private HostRows() {}

  /** Some rows of a matrix, one after the other. */
  record Band(int columns, float[] values) {}

  /** Hands the rows of an activation over, band after band, on several threads. */
  static void read(Workspace workspace, Tensor x, Consumer<Band> bands) {
    try (Arena arena = Arena.ofShared()) {
      HostTensor host = host(workspace, x, arena);
      Parallel.map(bands(host), band -> {
        bands.accept(new Band(Math.toIntExact(host.columns()), band(host, band).toFloatArray()));
        return band;
      });
    }
  }

  /**
   * A copy of an activation, in a buffer of its own, with each number {@code v} replaced by the number of its E4M3 code: {@code scale *
   * round(v * (1 / scale))} in float32.
   */
  static Tensor rounded(Workspace workspace, Tensor x, float scale) {
    Tensor copy = workspace.buffer("fp8.input", x.dtype(), x.rows(), x.columns());
    try (Arena arena = Arena.ofShared()) {
      HostTensor from = host(workspace, x, arena);
      HostTensor to = copy instanceof HostTensor host ? host : HostTensor.allocate(arena, DType.F32, x.rows(), x.columns());
      Parallel.map(bands(from), band -> {
        float[] values = band(from, band).toFloatArray();
        round(values, scale);
        write(values, band(to, band));
        return band;
      });
      if (to != copy) {
        workspace.upload(to, copy);
      }
    }
    return copy;
  }

  private static void round(float[] values, float scale) {
    float inverse = 1 / scale;
    for (int i = 0; i < values.length; i++) {
      values[i] = Float8.roundToE4m3(values[i] * inverse) * scale;
    }
  }

  private static HostTensor host(Workspace workspace, Tensor x, Arena arena) {
    return x instanceof HostTensor host ? host : workspace.download(x, arena);
  }

  private static int bands(HostTensor tensor) {
    return Math.toIntExact(Math.ceilDiv(tensor.rows(), BAND));
  }

  private static HostTensor band(HostTensor tensor, int band) {
    return tensor.rows((long) band * BAND, Math.min(BAND, tensor.rows() - (long) band * BAND));
  }

  private static void write(float[] values, HostTensor to) {
    if (to.dtype() == DType.F32) {
      MemorySegment.copy(values, 0, to.data(), F32, 0, values.length);
      return;
    }
    for (int i = 0; i < values.length; i++) {
      to.set(i, values[i]);
    }
  }
}
