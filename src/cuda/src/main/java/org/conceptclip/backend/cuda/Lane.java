package org.conceptclip.backend.cuda;

import java.util.ArrayList;
import java.util.List;
import org.conceptclip.backend.DeviceException;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.util.Closer;

/**
 * The resources of one execution, which the next one reuses: a stream, its turns to compute, pinned memory, an arena, recorded work
 * and its graphs. Owns them. Not thread-safe: one execution has it at a time.
 */
final class Lane implements AutoCloseable {
  /** Batch sizes and requested outputs make about a dozen kinds of work; texts of ever new lengths must not accumulate. */
  private static final int GRAPHS = 32;

  final CudaDriver driver;
  final long stream;
  final ComputeOrder.Turn turn;
  final PinnedStaging staging;
  final DeviceArena arena;
  final GraphCache graphs;
  final Recorder recorder;
  final TensorMaps maps;

  Lane(CudaDriver driver, ComputeOrder order) {
    this.driver = driver;
    Closer opened = new Closer();
    this.stream = driver.createStream();
    opened.own(() -> driver.destroyStream(stream));
    try {
      this.turn = order.join(stream);
    } catch (RuntimeException failure) {
      opened.closeAfter(failure);
      throw failure;
    }
    this.staging = new PinnedStaging(driver);
    this.arena = new DeviceArena(driver);
    this.graphs = new GraphCache(driver, GRAPHS);
    this.recorder = new Recorder(this);
    this.maps = new TensorMaps(driver);
  }

  /** Notes that the stream is idle: releases what its work held. */
  void idle() {
    recorder.idle();
    staging.reset();
    graphs.trim();
  }

  private boolean underWay() {
    return staging.inUse() || recorder.underWay();
  }

  /** Makes the lane ready for the next execution: nothing under way, one block of memory. */
  void settle() {
    recorder.discard();
    if (underWay()) {
      driver.synchronize(stream);
      idle();
    }
    if (moved()) {
      // Their addresses are invalid now.
      graphs.close();
    }
  }

  private boolean moved() {
    try {
      return arena.settle();
    } catch (DeviceException e) {
      if (e.kind() != DeviceException.Kind.MEMORY) {
        throw e;
      }
      // The pieces fitted, but one block of their total size does not: memory is fragmented. The next execution starts with pieces again.
      return true;
    }
  }

  /** Waits for the stream and frees everything. */
  @Override
  public void close() {
    List<AutoCloseable> owned = new ArrayList<>();
    if (underWay()) {
      // Memory must not be released while a copy or a kernel may still use it.
      owned.add(() -> driver.synchronize(stream));
    }
    // A stream still does its work when it is destroyed, so it is destroyed before the memory is released.
    owned.addAll(List.of(graphs, () -> driver.destroyStream(stream), turn, arena, staging));
    Closer.closeAll(owned);
  }
}
