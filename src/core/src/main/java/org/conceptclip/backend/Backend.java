package org.conceptclip.backend;

import java.util.Map;
import java.util.Optional;
import org.conceptclip.op.WeightStore;

/**
 * Prepares weights and computes with them, on a CPU or another device. Thread-safe: executions that several threads open run at
 * the same time.
 */
public interface Backend extends AutoCloseable {
  /** The short name that selects it, for example {@code cpu}. */
  String name();

  /** The precision that it computes in; never {@link Precision#AUTO}. */
  Precision precision();

  /** One line for users: device, instruction set, library version, threads. */
  String description();

  /** Opens an empty store for prepared weights. The caller closes it. */
  WeightStore openWeightStore();

  /** Opens an execution, in which ops can be called. The caller closes it. */
  Execution openExecution();

  /** Limits of one forward pass. The default suits a CPU, where more images are not faster and each takes 22 MB of buffers. */
  default PassLimits passLimits() {
    return new PassLimits(4, 4096, false);
  }

  /**
   * Number of parallel executions, called lanes, that keep it busy: 2 if the next pass can be copied to the device while the
   * present one computes. More executions may be open at once, but are not faster.
   */
  default int lanes() {
    return 1;
  }

  /**
   * Rejects a width of attention heads that it cannot compute.
   *
   * @throws BackendUnavailableException if it has no kernel for this width; the message names the widths that it has
   */
  default void requireHeadWidth(int headWidth) {}

  /**
   * Rejects a model that it was not opened for, before its weights are prepared: scales for 8-bit products are those of one checkpoint.
   *
   * @throws org.conceptclip.tensor.BadInputException if it has been given what belongs to another model
   */
  default void requireModel(ModelIdentity model) {}

  /**
   * The largest absolute value of the residual sum before each norm, by the name of the norm, over all work so far. Infinity if a sum
   * was not finite. Empty unless {@link BackendRequest#checkRange} asked for it.
   */
  default Map<String, Float> residualRanges() {
    return Map.of();
  }

  /**
   * A printable table of the memory that is kept for further executions, with one line per buffer. Empty where a backend keeps no
   * such memory.
   */
  default Optional<String> memoryPlan() {
    return Optional.empty();
  }

  /** Ends its threads and frees its memory. All executions and weight stores must be closed before. */
  @Override
  void close();
}
