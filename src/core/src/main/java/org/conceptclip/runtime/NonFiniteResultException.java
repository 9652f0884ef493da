package org.conceptclip.runtime;

/** A forward pass ended in NaN or infinity: the weights are broken, or a value left the range of the precision. */
public class NonFiniteResultException extends RuntimeException {
  public NonFiniteResultException(String message) {
    super(message);
  }
}
