package org.conceptclip.backend.cuda;

import java.util.List;

/** Closes several things, each whatever happens to the others. */
final class Closing {
  private Closing() {}

  /** Closes all in this order; throws the first failure, the others suppressed in it. */
  static void all(List<? extends AutoCloseable> resources) {
    RuntimeException first = null;
    for (AutoCloseable resource : resources) {
      first = close(resource, first);
    }
    if (first != null) {
      throw first;
    }
  }

  /** Closes all after {@code failure}, which keeps what else fails. */
  static void after(Throwable failure, List<? extends AutoCloseable> resources) {
    try {
      all(resources);
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  private static RuntimeException close(AutoCloseable resource, RuntimeException earlier) {
    try {
      resource.close();
      return earlier;
    } catch (RuntimeException e) {
      return join(earlier, e);
    } catch (Exception e) {
      return join(earlier, new IllegalStateException(e));
    }
  }

  private static RuntimeException join(RuntimeException earlier, RuntimeException later) {
    if (earlier == null) {
      return later;
    }
    if (earlier != later) {
      earlier.addSuppressed(later);
    }
    return earlier;
  }
}
