package org.conceptclip.weights;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.LongConsumer;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HalfFloats;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;

/**
 * Writes the weights of any source as one safetensors file with canonical names, in F32, F16 or BF16.
 *
 * <p>Values are rounded to the nearest, ties to even. One tensor is borrowed at a time and converted in small pieces.
 */
public final class CheckpointWriter {
  private static final int PIECE = 1 << 16;

  private final WeightSource source;
  private final DType type;
  private final LongConsumer progress;
  private final short[] halves = new short[PIECE];
  private long elementsWritten;

  private CheckpointWriter(WeightSource source, DType type, LongConsumer progress) {
    this.source = source;
    this.type = type;
    this.progress = progress;
  }

  /**
   * Writes a file.
   *
   * @param layout names and shapes of the tensors to write, which {@code source} has
   * @param type F32, F16 or BF16
   * @param progress receives the number of elements written so far
   * @throws BadInputException if the file cannot be written, or a finite weight is out of the range of {@code type}
   */
  public static void write(WeightSource source, SequencedMap<String, Shape> layout, DType type, Path target, LongConsumer progress) {
    if (type != DType.F32 && type != DType.F16 && type != DType.BF16) {
      throw new IllegalArgumentException("weights in " + type + ", expected F32, F16 or BF16");
    }
    SequencedMap<String, SafetensorsWriter.Spec> specs = new LinkedHashMap<>();
    layout.forEach((name, shape) -> specs.put(name, new SafetensorsWriter.Spec(type, shape)));
    SafetensorsWriter.write(target, specs, Map.of("format", "pt"), new CheckpointWriter(source, type, progress)::write);
  }

  private void write(String name, SafetensorsWriter.Sink sink) throws IOException {
    try (TensorLoan loan = source.borrow(name)) {
      long count = loan.tensor().shape().elements();
      HostTensor elements = loan.tensor().reshape(count, 1);
      for (long first = 0; first < count; first += PIECE) {
        HostTensor piece = elements.rows(first, Math.min(PIECE, count - first));
        sink.append(piece.dtype() == type ? piece.data() : converted(name, first, piece.toFloatArray()));
        elementsWritten += piece.rows();
        progress.accept(elementsWritten);
      }
    }
  }

  private MemorySegment converted(String name, long first, float[] values) {
    if (type == DType.F32) {
      return MemorySegment.ofArray(values);
    }
    boolean half = type == DType.F16;
    for (int i = 0; i < values.length; i++) {
      halves[i] = half ? Float.floatToFloat16(values[i]) : HalfFloats.floatToBfloat16(values[i]);
      float back = half ? Float.float16ToFloat(halves[i]) : HalfFloats.bfloat16ToFloat(halves[i]);
      if (Float.isInfinite(back) && !Float.isInfinite(values[i])) {
        throw new BadInputException(
            source.description() + ": tensor " + name + " has " + values[i] + " at element " + (first + i)
                + ", which is out of the range of " + type + ", expected values below "
                + (half ? "65520; use bf16 or fp32" : "3.39e38; use fp32"));
      }
    }
    return MemorySegment.ofArray(halves).asSlice(0, (long) values.length * Short.BYTES);
  }
}
