package org.conceptclip.batch;

/** Every replica has lost its device: nothing more can be computed. The cause is what the last of them said. */
public class ReplicasLostException extends RuntimeException {
  public ReplicasLostException(String message, Throwable cause) {
    super(message, cause);
  }
}
