package org.conceptclip.backend;

import org.conceptclip.op.Ops;
import org.conceptclip.op.Workspace;

/**
 * The ops of a backend with the buffers that they work in, for one caller. Not thread-safe. Opening is cheap, because a backend
 * keeps the buffers for the next caller. Closing gives the buffers back, so results must be downloaded before.
 */
public interface Execution extends AutoCloseable {
  Ops ops();

  Workspace workspace();

  @Override
  void close();
}
