package org.conceptclip.batch;

/** What each of a few threads is working on, so that it finds that again if it was thrown out of the work. Thread-safe. */
final class Taken<T> {
  private final Thread[] threads;
  private final Object[] work;

  /** @param count most threads */
  Taken(int count) {
    threads = new Thread[count];
    work = new Object[count];
  }

  /** The place of this thread, which nobody else writes to. */
  private synchronized int place() {
    int place = 0;
    while (threads[place] != null && threads[place] != Thread.currentThread()) {
      place++;
    }
    threads[place] = Thread.currentThread();
    return place;
  }

  /** What this thread took and has not done; {@code null} if there is nothing. */
  @SuppressWarnings("unchecked") // only work of this type is noted
  T ofThisThread() {
    return (T) work[place()];
  }

  /** This thread takes up work. */
  void note(T task) {
    work[place()] = task;
  }

  /** This thread has done its work. */
  void done() {
    work[place()] = null;
  }
}
