package org.conceptclip;

/**
 * The calling thread was interrupted while it waited for room or for a result. The requests of the call were cancelled; the results of
 * those that a device had begun are discarded. The thread's interrupt flag is set again.
 */
public class InterruptedCallException extends RuntimeException {
  public InterruptedCallException(InterruptedException cause) {
    super("the calling thread was interrupted; the requests that it waited for were cancelled", cause);
  }
}
