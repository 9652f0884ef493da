package org.conceptclip.runtime;

/** How much of a forward pass the caller wants back. */
public enum Detail {
  /** One vector an image or text. */
  FEATURES,
  /** Also every token's features in the concept space. */
  TOKENS,
  /** Also every token's states before the projection head. */
  STATES
}
