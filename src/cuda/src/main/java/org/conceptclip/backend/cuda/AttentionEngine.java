package org.conceptclip.backend.cuda;

import org.conceptclip.util.Labelled;

/** Who computes attention: what a user asks for. */
public enum AttentionEngine implements Labelled {
  /** Kind by kind, by the device's tuning table; {@link #OWN} without one, and on compute capability 9.0, which our kernel is tuned for. */
  AUTO,

  /** This project's kernels. */
  OWN,

  /** cuDNN. */
  CUDNN
}
