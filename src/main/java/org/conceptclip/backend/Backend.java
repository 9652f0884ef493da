package org.conceptclip.backend;

import org.conceptclip.op.Parameters;

/**
 * Something that computes: prepares weights and executes ops. Thread-safe; executions opened by several threads run side by
 * side.
 */
public interface Backend extends AutoCloseable {
  /** Short name as on the command line: {@code reference}, {@code cpu}, {@code cuda}. */
  String name();

  /** What it computes in. */
  Precision precision();

  /** One line for people: device, instruction set, library version, threads. */
  String description();

  /** A new, empty store of prepared weights. The caller owns it. */
  Parameters openParameters();

  /** A turn on this backend. The caller owns it. */
  Execution openExecution();

  /** Ends threads and frees memory. Executions and parameters must be closed before. */
  @Override
  void close();
}
