package org.conceptclip.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.util.OneLine;

/**
 * Deterministic float32 weights that depend only on the name and the shape of a tensor. With them, speed and parity can be
 * measured without a trained checkpoint.
 *
 * <p>Element i of a tensor is {@code (2u - 1) * a + b} in float64, rounded once, where u is the upper 24 bits of
 * SplitMix64's i-th output as a fraction, SplitMix64 is seeded by the FNV-1a hash of the name, and the half-width a and
 * centre b follow from the kind of parameter: uniform with variance 1 / fan-in for matrices, around one for norm scales,
 * small for biases, constant for the four scalars.
 *
 * <p>Tensors are generated when they are borrowed, in parallel. Thread-safe.
 */
public final class SyntheticWeights implements WeightSource {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int CHUNK = 1 << 15;

  private static final long FNV_OFFSET = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;
  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  private static final Map<String, Double> CONSTANTS =
      Map.of("logit_scale", 4.5, "logit_bias", -10.0, "concept_logit_scale", 4.0, "concept_logit_bias", -10.0);
  private static final Set<String> TABLES = Set.of("word_embeddings", "position_embeddings", "token_type_embeddings");
  private static final Set<String> NORMS = Set.of("norm", "norm1", "norm2", "LayerNorm");

  private final String name;
  private final Map<String, Shape> layout;

  /**
   * Weights for the tensors of a layout.
   *
   * @param name for messages, for example {@code synthetic:tiny}
   */
  public SyntheticWeights(String name, Map<String, Shape> layout) {
    this.name = name;
    this.layout = new LinkedHashMap<>(layout);
  }

  @Override
  public String description() {
    return name + " (generated, untrained)";
  }

  @Override
  public TensorLoan borrow(String tensor) {
    Shape shape = layout.get(tensor);
    if (shape == null) {
      throw new IllegalArgumentException(name + " has no tensor " + OneLine.quoted(tensor));
    }
    return TensorLoan.of(arena -> {
      HostTensor values = HostTensor.allocate(arena, DType.F32, shape.toArray());
      fill(tensor, values);
      return values;
    });
  }

  @Override
  public void close() {
    // There is nothing to close: loans own their memory.
  }

  private static void fill(String tensor, HostTensor values) {
    long count = values.shape().elements();
    Interval interval = interval(tensor, values.shape());
    long seed = hash(tensor);
    int chunks = Math.toIntExact((count + CHUNK - 1) / CHUNK);
    IntStream range = IntStream.range(0, chunks);
    (chunks > 1 ? range.parallel() : range)
        .forEach(
            chunk -> {
              long first = (long) chunk * CHUNK;
              float[] part = new float[(int) Math.min(CHUNK, count - first)];
              generate(seed, first, interval.halfWidth, interval.centre, part);
              MemorySegment.copy(part, 0, values.data(), FLOAT, first * Float.BYTES, part.length);
            });
  }

  /** Generates elements from {@code first} on. The arithmetic has no branches, so that the compiler vectorises the loop. */
  private static void generate(long seed, long first, double halfWidth, double centre, float[] out) {
    for (int i = 0; i < out.length; i++) {
      long z = seed + (first + i + 1) * GOLDEN_GAMMA;
      z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
      z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
      z = z ^ (z >>> 31);
      double fraction = (double) (z >>> 40) * 0x1p-24;
      out[i] = (float) ((2.0 * fraction - 1.0) * halfWidth + centre);
    }
  }

  private static long hash(String text) {
    long hash = FNV_OFFSET;
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * FNV_PRIME;
    }
    return hash;
  }

  private record Interval(double halfWidth, double centre) {}

  private static Interval interval(String tensor, Shape shape) {
    Double constant = CONSTANTS.get(tensor);
    if (constant != null) {
      return new Interval(0, constant);
    }
    String[] parts = tensor.split("\\.");
    String last = parts[parts.length - 1];
    String parent = parts.length > 1 ? parts[parts.length - 2] : "";
    return switch (last) {
      case "bias" -> new Interval(0.02, 0);
      case "pos_embed", "latent" -> new Interval(1, 0);
      case "weight" -> {
        if (TABLES.contains(parent)) {
          yield new Interval(1, 0);
        }
        if (NORMS.contains(parent)) {
          yield new Interval(0.1, 1);
        }
        long fanIn = shape.elements() / shape.extent(0);
        yield new Interval(Math.sqrt(3.0 / fanIn), 0);
      }
      default -> throw new IllegalArgumentException("no synthetic weights for a tensor named " + OneLine.quoted(tensor));
    };
  }
}
