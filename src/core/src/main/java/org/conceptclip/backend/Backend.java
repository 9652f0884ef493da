package org.conceptclip.backend;

import java.util.Map;
import java.util.Optional;
import org.conceptclip.op.Parameters;

/**
 * Something that computes: prepares weights and executes ops. Thread-safe; executions opened by several threads run side by
 * side.
 */
public interface Backend extends AutoCloseable {
  /** Short name as on the command line: {@code reference}, {@code cpu}, {@code cuda}. */
  String name();

  /** What it computes in. */
  Precision precision();

  /** One line for people: device, instruction set, library version, threads. */
  String description();

  /** A new, empty store of prepared weights. The caller owns it. */
  Parameters openParameters();

  /** A turn on this backend. The caller owns it. */
  Execution openExecution();

  /** What it wants in a pass. The default suits a CPU: more images buy no speed there, and each takes 22 MB of buffers. */
  default PassLimits passLimits() {
    return new PassLimits(4, 4096, false);
  }

  /**
   * Executions at once that keep it busy: 2 where the next pass is copied in while the present one computes. More do no harm and
   * no good.
   */
  default int lanes() {
    return 1;
  }

  /**
   * Refuses a model whose attention heads are of a width that it cannot compute.
   *
   * @throws BackendUnavailableException if there is no kernel for this width; the message names those that there are
   */
  default void requireHeadWidth(int headWidth) {}

  /**
   * The largest absolute value of the residual sum in front of each norm, by the norm's name, over all work so far; infinity where a
   * sum was not finite. Empty unless the backend records it, see {@link BackendRequest#checkRange}.
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

  /** Ends threads and frees memory. Executions and parameters must be closed before. */
  @Override
  void close();
}
