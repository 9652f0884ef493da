package org.conceptclip.backend.cpu;

import org.conceptclip.op.QueryWeights;

/** A constant query on the Java heap; small. */
record CpuQuery(String name, float[] values) implements QueryWeights {
  @Override
  public int width() {
    return values.length;
  }
}
