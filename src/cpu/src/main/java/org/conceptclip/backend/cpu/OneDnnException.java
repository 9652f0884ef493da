package org.conceptclip.backend.cpu;

/** A oneDNN call that did not succeed: which, with what, and its status. */
final class OneDnnException extends RuntimeException {
  private final int status;

  OneDnnException(int status, String call, String details) {
    super(call + " failed with status " + status + name(status) + (details.isEmpty() ? "" : ": " + details));
    this.status = status;
  }

  int status() {
    return status;
  }

  private static String name(int status) {
    return switch (status) {
      case 1 -> " (out of memory)";
      case 2 -> " (invalid arguments)";
      case 3 -> " (unimplemented)";
      case 4 -> " (last implementation reached)";
      case 5 -> " (runtime error)";
      case 6 -> " (not required)";
      case 7 -> " (invalid graph)";
      default -> "";
    };
  }
}
