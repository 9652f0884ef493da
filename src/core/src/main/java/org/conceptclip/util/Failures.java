package org.conceptclip.util;

/** Where failures go that no caller waits for. */
public final class Failures {
  private Failures() {}

  /**
   * Whether this may pass by itself: memory or stack that is short, or a class that could not be loaded because of it. Work that ended
   * with such a failure is worth another try.
   */
  public static boolean mayPass(Throwable failure) {
    return failure instanceof VirtualMachineError || failure instanceof LinkageError;
  }

  /**
   * Reports a failure of somebody else's code, such as a listener that throws, to this thread's handler of uncaught exceptions, which
   * prints it unless the program has set another one. Never throws.
   */
  public static void report(Throwable failure) {
    try {
      Thread thread = Thread.currentThread();
      thread.getUncaughtExceptionHandler().uncaughtException(thread, failure);
    } catch (Throwable ofTheHandler) {
      // As the JVM does with a handler that fails: there is nobody left to tell.
    }
  }
}
