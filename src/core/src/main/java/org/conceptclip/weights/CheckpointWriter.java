package org.conceptclip.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
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
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int PIECE = 1 << 16;

  private final DType type;
  private final SafetensorsWriter writer;
  private final LongConsumer progress;
  private final float[] values = new float[PIECE];
  private final short[] halves = new short[PIECE];
  private long elementsWritten;

  private CheckpointWriter(DType type, SafetensorsWriter writer, LongConsumer progress) {
    this.type = type;
    this.writer = writer;
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
    try (SafetensorsWriter writer = SafetensorsWriter.create(target, specs, Map.of("format", "pt"))) {
      CheckpointWriter conversion = new CheckpointWriter(type, writer, progress);
      for (String name : layout.keySet()) {
        try (TensorLoan loan = source.borrow(name)) {
          conversion.tensor(name, loan.tensor(), source);
        }
      }
      writer.finish();
    }
  }

  private void tensor(String name, HostTensor tensor, WeightSource source) {
    long count = tensor.shape().elements();
    for (long first = 0; first < count; first += PIECE) {
      int length = (int) Math.min(PIECE, count - first);
      if (tensor.dtype() == type) {
        writer.append(name, tensor.data().asSlice(first * type.bytes(), (long) length * type.bytes()));
      } else {
        read(tensor, first, length);
        writer.append(name, converted(name, first, length, source));
      }
      elementsWritten += length;
      progress.accept(elementsWritten);
    }
  }

  private void read(HostTensor tensor, long first, int length) {
    switch (tensor.dtype()) {
      case F32 -> MemorySegment.copy(tensor.data(), FLOAT, first * Float.BYTES, values, 0, length);
      case F16 -> {
        MemorySegment.copy(tensor.data(), SHORT, first * Short.BYTES, halves, 0, length);
        for (int i = 0; i < length; i++) {
          values[i] = Float.float16ToFloat(halves[i]);
        }
      }
      case BF16 -> {
        MemorySegment.copy(tensor.data(), SHORT, first * Short.BYTES, halves, 0, length);
        for (int i = 0; i < length; i++) {
          values[i] = HalfFloats.bfloat16ToFloat(halves[i]);
        }
      }
      default -> throw new IllegalArgumentException("weights in " + tensor + ", expected F32, F16 or BF16");
    }
  }

  private MemorySegment converted(String name, long first, int length, WeightSource source) {
    if (type == DType.F32) {
      return littleEndian(values, length);
    }
    boolean half = type == DType.F16;
    for (int i = 0; i < length; i++) {
      halves[i] = half ? Float.floatToFloat16(values[i]) : HalfFloats.floatToBfloat16(values[i]);
      float back = half ? Float.float16ToFloat(halves[i]) : HalfFloats.bfloat16ToFloat(halves[i]);
      if (Float.isInfinite(back) && !Float.isInfinite(values[i])) {
        throw new BadInputException(
            source.description() + ": tensor " + name + " has " + values[i] + " at element " + (first + i)
                + ", which is out of the range of " + type + ", expected values below "
                + (half ? "65520; use bf16 or fp32" : "3.39e38; use fp32"));
      }
    }
    return littleEndian(halves, length);
  }

  private static MemorySegment littleEndian(float[] values, int length) {
    MemorySegment bytes = MemorySegment.ofArray(new byte[length * Float.BYTES]);
    MemorySegment.copy(values, 0, bytes, FLOAT, 0, length);
    return bytes;
  }

  private static MemorySegment littleEndian(short[] values, int length) {
    MemorySegment bytes = MemorySegment.ofArray(new byte[length * Short.BYTES]);
    MemorySegment.copy(values, 0, bytes, SHORT, 0, length);
    return bytes;
  }
}
