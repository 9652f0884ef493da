package org.conceptclip.runtime;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.conceptclip.op.Workspace;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.tensor.Tensor;

/**
 * What the model computed for some images or texts, by name. Float32 (float64 from the reference backend). The memory is
 * garbage-collected and must not be written to.
 *
 * <p>Letters: N images or texts, R tokens (or patches) of all of them, E columns of the embedding, W columns of the tower, C classes. An
 * accessor throws {@link IllegalStateException} if the output was not asked for; {@link #has} tells beforehand.
 */
public record Encoding(Map<Output, HostTensor> outputs) {
  /** The outputs of a pass, in the order in which they are downloaded. */
  public enum Output {
    RAW_FEATURES,
    FEATURES,
    TOKEN_FEATURES,
    TOKEN_STATES,
    GLOBAL_LOGITS,
    LOCAL_LOGITS;

    private boolean hasRowsOfTokens() {
      return this == TOKEN_FEATURES || this == TOKEN_STATES;
    }
  }

  public Encoding {
    outputs = Map.copyOf(outputs);
  }

  /** Whether this output was asked for. */
  public boolean has(Output output) {
    return outputs.containsKey(output);
  }

  /** Output of the attention pool, or projected mean of the text's states [N, E]. */
  public HostTensor rawFeatures() {
    return get(Output.RAW_FEATURES);
  }

  /** The raw features, L2-normalised [N, E]: similarities are computed from them. */
  public HostTensor features() {
    return get(Output.FEATURES);
  }

  /** Tokens or patches in the concept space [R, E], not normalised. From {@link Detail#TOKENS} on. */
  public HostTensor tokenFeatures() {
    return get(Output.TOKEN_FEATURES);
  }

  /** Tokens or patches before the projection head [R, W]. With {@link Detail#STATES}. */
  public HostTensor tokenStates() {
    return get(Output.TOKEN_STATES);
  }

  /** Scores before any softmax [N, C]: {@code logitScale * image . text}. */
  public HostTensor globalLogits() {
    return get(Output.GLOBAL_LOGITS);
  }

  /** Mean of the top-k {@code conceptScale * patch . concept} [N, C]. */
  public HostTensor localLogits() {
    return get(Output.LOCAL_LOGITS);
  }

  private HostTensor get(Output output) {
    HostTensor tensor = outputs.get(output);
    if (tensor == null) {
      throw new IllegalStateException(name(output) + " were not asked for, only " + outputs.keySet().stream().map(Encoding::name).toList());
    }
    return tensor;
  }

  private static String name(Output output) {
    return output.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  /** Downloads a pass's outputs. To be called after everything was computed: a device then has the pass as one piece of work. */
  static Encoding download(Workspace workspace, Map<Output, Tensor> tensors) {
    Map<Output, HostTensor> outputs = new EnumMap<>(Output.class);
    tensors.forEach((output, tensor) -> outputs.put(output, workspace.download(tensor, Arena.ofAuto())));
    return new Encoding(outputs);
  }

  /** The passes' rows, one pass after the other. There must be a pass, and all must have the same outputs. */
  static Encoding join(List<Encoding> passes) {
    if (passes.size() == 1) {
      return passes.getFirst();
    }
    Map<Output, HostTensor> joined = new EnumMap<>(Output.class);
    passes.getFirst().outputs.forEach((output, first) -> {
      List<HostTensor> parts = passes.stream().map(pass -> pass.get(output)).toList();
      long rows = parts.stream().mapToLong(HostTensor::rows).sum();
      HostTensor all = HostTensor.allocate(Arena.ofAuto(), first.dtype(), rows, first.columns());
      HostTensor.gather(parts, all.data());
      joined.put(output, all);
    });
    return new Encoding(joined);
  }

  /**
   * One image or text of these. A copy on the heap: a view would keep the memory of the whole batch alive.
   *
   * @param item which one, counted from 0
   * @param firstToken its first row among the rows of tokens
   * @param tokens its rows among them
   */
  public Encoding item(int item, long firstToken, long tokens) {
    Map<Output, HostTensor> copies = new EnumMap<>(Output.class);
    // No lambda: one that cannot be linked for lack of memory, the first time, is lost to the process.
    for (Map.Entry<Output, HostTensor> each : outputs.entrySet()) {
      Output output = each.getKey();
      HostTensor all = each.getValue();
      HostTensor rows = output.hasRowsOfTokens() ? all.rows(firstToken, tokens) : all.rows(item, 1);
      MemorySegment copy = MemorySegment.ofArray(rows.data().toArray(ValueLayout.JAVA_BYTE));
      copies.put(output, HostTensor.view(rows.dtype(), Shape.of(rows.rows(), rows.columns()), copy));
    }
    return new Encoding(copies);
  }

  /**
   * Rejects overflow and broken weights: a NaN that reached an index would never be found again.
   *
   * @param kind what a row is, for the message
   * @param residualRanges see {@link org.conceptclip.backend.Backend#residualRanges}: says where it began, when recorded
   * @throws NonFiniteResultException if a value of this output is NaN or infinite
   */
  Encoding requireFinite(Output output, String kind, Map<String, Float> residualRanges) {
    HostTensor tensor = get(output);
    long bad = tensor.firstNonFinite();
    if (bad >= 0) {
      throw new NonFiniteResultException(kind + " " + bad / tensor.columns() + ": the model computed " + tensor.getDouble(bad)
          + "; its weights or an activation are out of range at this precision" + firstOverflow(residualRanges));
    }
    return this;
  }

  private static String firstOverflow(Map<String, Float> residualRanges) {
    return residualRanges.entrySet().stream()
        .filter(entry -> !Float.isFinite(entry.getValue()))
        .findFirst()
        .map(entry -> "; the first residual sum that is not finite is the one in front of " + entry.getKey())
        .orElse("");
  }

  /** These outputs with other rows of tokens, see {@link Encoder#encodePaddedTexts}. */
  Encoding withScatteredTokens(int[] target) {
    Map<Output, HostTensor> scattered = new EnumMap<>(Output.class);
    outputs.forEach((output, rows) -> {
      HostTensor dense = rows;
      if (output.hasRowsOfTokens()) {
        dense = HostTensor.allocate(Arena.ofAuto(), rows.dtype(), target.length, rows.columns());
        for (int row = 0; row < target.length; row++) {
          dense.rows(target[row], 1).data().copyFrom(rows.rows(row, 1).data());
        }
      }
      scattered.put(output, dense);
    });
    return new Encoding(scattered);
  }
}
