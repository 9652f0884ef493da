package org.conceptclip.cli;

import org.conceptclip.batch.ImageInput;

/** Messages about memory that did not suffice. */
final class Shortage {
  private Shortage() {}

  /** Whether a failure is, or was caused by, memory that did not suffice. */
  static boolean isCauseOf(Throwable failure) {
    int depth = 0;
    for (Throwable cause = failure; cause != null && depth < 32; cause = cause.getCause(), depth++) {
      if (cause instanceof OutOfMemoryError) {
        return true;
      }
    }
    return false;
  }

  /** What to do about a command that ran out of memory. */
  static String line() {
    return "out of memory: found a heap of " + heap() + ", expected more; give it by CONCEPTCLIP_JAVA_OPTS=" + larger();
  }

  /** What to do about a picture for which memory did not suffice after its decoding; before that, the decoder says more. */
  static String line(ImageInput image) {
    return image.name() + ": out of memory with a heap of " + heap() + ", expected a smaller picture or a larger"
        + " heap (CONCEPTCLIP_JAVA_OPTS=" + larger() + " doubles it; --max-pixels refuses large pictures at once)";
  }

  /** The option for twice the heap. */
  private static String larger() {
    return "-Xmx" + (Runtime.getRuntime().maxMemory() >> 19) + "m";
  }

  private static String heap() {
    return (Runtime.getRuntime().maxMemory() >> 20) + " MiB";
  }
}
