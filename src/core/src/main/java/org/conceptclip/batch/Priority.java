package org.conceptclip.batch;

/**
 * Who goes first. Strict: a batch takes a request only when none of a higher priority and the same kind waits. What must not starve
 * under constant load of higher priorities needs a timeout, or a device of its own.
 */
public enum Priority {
  /** A person waits. */
  INTERACTIVE,
  NORMAL,
  /** Work that fills gaps: building an index. */
  BULK
}
