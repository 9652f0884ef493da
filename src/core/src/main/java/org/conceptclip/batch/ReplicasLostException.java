package org.conceptclip.batch;

/** Every replica has lost its device, so nothing more can be computed. The cause is the failure of the last replica. */
public class ReplicasLostException extends RuntimeException {
  public ReplicasLostException(String message, Throwable cause) {
    super(message, cause);
  }
}
