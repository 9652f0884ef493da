package org.conceptclip.backend.cuda;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import org.conceptclip.backend.cuda.driver.CudaDriver;

/**
 * Graphs of recorded work, by the work itself: kernels, grids, argument bytes and products are compared exactly. Owns the graphs
 * and keeps those used last. Not thread-safe.
 *
 * <p>What is seen for the first time is run directly and only remembered: running it loads modules and chooses algorithms, which
 * must not happen while a stream records, and work that never comes again is not worth a graph.
 */
final class GraphCache implements AutoCloseable {
  private final CudaDriver driver;
  private final int capacity;
  private final LinkedHashMap<List<Command>, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);

  private static final class Entry {
    private boolean captured;
    private long graph;
  }

  /** @param capacity lists of work that are remembered between two calls of {@link #trim} */
  GraphCache(CudaDriver driver, int capacity) {
    this.driver = driver;
    this.capacity = capacity;
  }

  /**
   * Gives the stream its work.
   *
   * @param directly gives the same work to the stream piece by piece
   */
  void run(List<Command> commands, long stream, Runnable directly) {
    Entry entry = entries.get(commands);
    if (entry == null) {
      directly.run();
      entries.put(List.copyOf(commands), new Entry());
      return;
    }
    if (!entry.captured) {
      entry.graph = capture(stream, directly);
      entry.captured = true;
    }
    driver.launchGraph(entry.graph, stream);
  }

  private long capture(long stream, Runnable directly) {
    driver.beginCapture(stream);
    try {
      directly.run();
    } catch (RuntimeException failure) {
      // A stream left recording would swallow all later work.
      Closing.after(failure, List.of(() -> driver.destroyGraph(driver.endCapture(stream))));
      throw failure;
    }
    return driver.endCapture(stream);
  }

  /** Drops what was used longest ago, down to the capacity. The stream must be idle: a graph must not be destroyed as it runs. */
  void trim() {
    List<Entry> dropped = new ArrayList<>();
    while (entries.size() > capacity) {
      dropped.add(entries.pollFirstEntry().getValue());
    }
    destroy(dropped);
  }

  /** Graphs that are alive. */
  int size() {
    return (int) entries.values().stream().filter(entry -> entry.captured).count();
  }

  /** Forgets everything: for when the memory moves that it was recorded with. No graph may be running. */
  @Override
  public void close() {
    List<Entry> all = List.copyOf(entries.values());
    entries.clear();
    destroy(all);
  }

  private void destroy(List<Entry> dropped) {
    Closing.all(dropped.stream()
        .filter(entry -> entry.captured)
        .map(entry -> (AutoCloseable) () -> driver.destroyGraph(entry.graph))
        .toList());
  }
}
