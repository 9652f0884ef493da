package org.conceptclip;

/**
 * The calling thread was interrupted while it waited for room or for a result. The requests of the call were cancelled; those that a
 * device had begun are computed in vain. The thread's interrupt flag is set again.
 */
public class InterruptedCallException extends RuntimeException {
  public InterruptedCallException(InterruptedException cause) {
    super("the calling thread was interrupted; what it waited for was cancelled", cause);
  }
}
