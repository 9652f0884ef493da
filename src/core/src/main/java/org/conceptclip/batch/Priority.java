package org.conceptclip.batch;

/**
 * The order in which requests are computed. Priorities are strict: a batch takes a request only if no request of the same kind with a
 * higher priority waits. Under constant load of a higher priority, requests of a lower one starve. Give such requests a timeout, or a
 * device of their own.
 */
public enum Priority {
  /** A person waits for the result. */
  INTERACTIVE,
  NORMAL,
  /** Background work that uses idle devices, such as building an index. */
  BULK
}
