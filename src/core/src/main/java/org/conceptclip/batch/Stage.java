package org.conceptclip.batch;

/** The stages of an engine's pipeline, in their order. */
public enum Stage {
  /** Reading, decoding and resizing image files, on threads of its own. */
  DECODE,
  /** Being ready and waiting for a batch. No thread works on it: its busy time is what all requests waited together. */
  WAIT,
  /** Packing a batch and giving it to the device, on the lanes' threads. */
  PACK,
  /** Computing, or waiting for another lane's computing, and splitting the results, on the lanes' threads. */
  COMPUTE,
  /** Telling callers: what they attached to their futures runs here. */
  COMPLETE
}
