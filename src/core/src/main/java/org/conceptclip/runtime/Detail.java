package org.conceptclip.runtime;

/** How many outputs of a forward pass are returned. */
public enum Detail {
  /** One vector per image or text. */
  FEATURES,
  /** Also the features of every token in the concept space. */
  TOKENS,
  /** Also the states of every token before the projection head. */
  STATES
}
