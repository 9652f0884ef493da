package org.conceptclip.batch;

/** The stages of an engine's pipeline, in order. */
public enum Stage {
  /** Reading, decoding and resizing image files, on the decoding threads. */
  DECODE,
  /** Waiting for a batch after the payload is ready. Has no threads; its busy time is the sum of the requests' waiting times. */
  WAIT,
  /** Packing a batch and copying it to the device, on the threads of the lanes. */
  PACK,
  /** Computing a batch, or waiting while another lane computes, and splitting the results, on the threads of the lanes. */
  COMPUTE,
  /** Completing the callers' futures, and running what callers attached to them. */
  COMPLETE
}
