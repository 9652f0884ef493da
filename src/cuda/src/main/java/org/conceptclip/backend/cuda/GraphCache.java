package org.conceptclip.backend.cuda;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.util.Closer;

/**
 * Graphs of recorded work. The key is the work itself: kernels, grids, argument bytes and products are compared exactly. Owns the
 * graphs and keeps the most recently used ones. Not thread-safe.
 *
 * <p>Work that is seen for the first time runs directly and is only remembered: running it loads modules and chooses algorithms, which
 * must not happen while a stream records, and work that never comes again is not worth a graph. Such work, for example texts of ever
 * new lengths, is remembered separately, so that it evicts no graph.
 */
final class GraphCache implements AutoCloseable {
  private final CudaDriver driver;
  private final int capacity;
  private final LinkedHashMap<List<Recorder.Command>, Long> graphs = new LinkedHashMap<>(16, 0.75f, true);
  private final LinkedHashSet<List<Recorder.Command>> seenOnce = new LinkedHashSet<>();

  /** @param capacity how many graphs {@link #trim} keeps, and how many pieces of work seen once are remembered */
  GraphCache(CudaDriver driver, int capacity) {
    this.driver = driver;
    this.capacity = capacity;
  }

  /**
   * Gives the stream its work.
   *
   * @param directly gives the same work to the stream piece by piece
   */
  void run(List<Recorder.Command> commands, long stream, Runnable directly) {
    Long graph = graphs.get(commands);
    if (graph == null && !seenOnce.contains(commands)) {
      directly.run();
      seenOnce.add(List.copyOf(commands));
      if (seenOnce.size() > capacity) {
        seenOnce.removeFirst();
      }
      return;
    }
    if (graph == null) {
      graph = capture(stream, directly);
      seenOnce.remove(commands);
      graphs.put(List.copyOf(commands), graph);
    }
    driver.launchGraph(graph, stream);
  }

  private long capture(long stream, Runnable directly) {
    driver.beginCapture(stream);
    Closer capture = new Closer();
    capture.own(() -> driver.destroyGraph(driver.endCapture(stream)));
    try {
      directly.run();
    } catch (RuntimeException failure) {
      // A stream that is left recording would never run later work.
      capture.closeAfter(failure);
      throw failure;
    }
    return driver.endCapture(stream);
  }

  /** Destroys the least recently used graphs beyond the capacity. The stream must be idle: a running graph must not be destroyed. */
  void trim() {
    List<Long> dropped = new ArrayList<>();
    while (graphs.size() > capacity) {
      dropped.add(graphs.pollFirstEntry().getValue());
    }
    destroy(dropped);
  }

  /** Graphs that are alive. */
  int size() {
    return graphs.size();
  }

  /** Forgets everything, because the recorded memory is about to move. No graph may be running. */
  @Override
  public void close() {
    List<Long> all = List.copyOf(graphs.values());
    graphs.clear();
    seenOnce.clear();
    destroy(all);
  }

  private void destroy(List<Long> dropped) {
    Closer.closeAll(dropped.stream().map(graph -> (AutoCloseable) () -> driver.destroyGraph(graph)).toList());
  }
}
