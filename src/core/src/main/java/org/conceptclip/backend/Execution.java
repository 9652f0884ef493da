package org.conceptclip.backend;

import org.conceptclip.op.Ops;
import org.conceptclip.op.Workspace;

/**
 * One caller's turn on a backend: the ops, and the buffers that they work in. Not thread-safe. Opening is cheap (backends
 * keep buffers for the next caller); closing gives the buffers back, so results must be downloaded before.
 */
public interface Execution extends AutoCloseable {
  Ops ops();

  Workspace workspace();

  @Override
  void close();
}
