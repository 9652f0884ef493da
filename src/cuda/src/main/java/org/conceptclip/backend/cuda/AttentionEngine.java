package org.conceptclip.backend.cuda;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** Who computes attention: what a user asks for. */
public enum AttentionEngine {
  /** Kind by kind, by the device's tuning table; {@link #OWN} without one, and on compute capability 9.0, which our kernel is tuned for. */
  AUTO,

  /** This project's kernels. */
  OWN,

  /** cuDNN. */
  CUDNN;

  /** As on the command line: {@code auto}, {@code own}, {@code cudnn}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** By its label. */
  static Optional<AttentionEngine> labelled(String label) {
    return Arrays.stream(values()).filter(engine -> engine.label().equals(label)).findFirst();
  }
}
