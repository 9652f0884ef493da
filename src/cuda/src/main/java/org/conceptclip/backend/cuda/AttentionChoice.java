package org.conceptclip.backend.cuda;

import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.cuda.driver.CudaDriver;

/**
 * Who computes attention of each kind, fixed for the life of a backend and never dependent on the batch. Immutable and thread-safe.
 *
 * <p>Where heads are stored as codes of 8 bits by our own kernel, that kernel is taken whatever is chosen here.
 */
final class AttentionChoice {
  /** What is chosen for. */
  record Kind(int heads, int headWidth) {
    private static final Pattern TEXT = Pattern.compile("(\\d{1,4}) heads of (\\d{1,4})");

    /** Who can compute it. */
    List<String> engines() {
      return List.of(AttentionEngine.OWN.label(), AttentionEngine.CUDNN.label());
    }

    static Optional<Kind> parse(String text) {
      Matcher parts = TEXT.matcher(text);
      return parts.matches() ? Optional.of(new Kind(Integer.parseInt(parts.group(1)), Integer.parseInt(parts.group(2)))) : Optional.empty();
    }

    /** As in a tuning table: {@code 16 heads of 72}. */
    @Override
    public String toString() {
      return heads + " heads of " + headWidth;
    }
  }

  private final String description;
  private final Predicate<Kind> byLibrary;

  private AttentionChoice(String description, Predicate<Kind> byLibrary) {
    this.description = description;
    this.byLibrary = byLibrary;
  }

  /**
   * The choice that a user asks for, on this device.
   *
   * @param table that belongs to the device, for {@link AttentionEngine#AUTO}
   * @throws BackendUnavailableException if cuDNN is asked for and is not on this machine
   */
  static AttentionChoice of(AttentionEngine engine, Optional<TuningTable> table, CudaDriver driver) {
    return switch (engine) {
      case OWN -> always(AttentionEngine.OWN);
      case CUDNN -> {
        if (driver.attentionLibrary().isEmpty()) {
          throw new BackendUnavailableException("CUDA: attention cudnn: cuDNN 9 (libcudnn_graph.so.9) is not on this machine; install it,"
              + " name its folder with --cuda-libs, or use --attention own");
        }
        yield always(AttentionEngine.CUDNN);
      }
      case AUTO -> table
          .map(measured -> new AttentionChoice("by tuning table " + measured.checksum(),
              kind -> measured.attention(kind).equals(Optional.of(AttentionEngine.CUDNN))))
          .orElse(always(AttentionEngine.OWN));
    };
  }

  /** One engine for every kind. */
  static AttentionChoice always(AttentionEngine engine) {
    return new AttentionChoice(engine.label(), kind -> engine == AttentionEngine.CUDNN);
  }

  /** Whether cuDNN computes this kind. */
  boolean byLibrary(Kind kind) {
    return byLibrary.test(kind);
  }

  /** Whether there is anything to choose on this device: our kernel for compute capability 9.0 is the faster one. */
  static boolean open(CudaDriver driver) {
    return driver.device().capability() != 90 && driver.attentionLibrary().isPresent();
  }

  /** A few words for reports. */
  String describe() {
    return description;
  }
}
