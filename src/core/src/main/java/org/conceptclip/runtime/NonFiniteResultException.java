package org.conceptclip.runtime;

/** A forward pass computed NaN or infinity: the weights are damaged, or a value left the range of the precision. */
public class NonFiniteResultException extends RuntimeException {
  public NonFiniteResultException(String message) {
    super(message);
  }
}
