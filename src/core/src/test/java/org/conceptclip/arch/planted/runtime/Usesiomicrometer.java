package org.conceptclip.arch.planted.runtime;

/** Breaks the arrows on purpose: io.micrometer must stay behind its users. */
interface Usesiomicrometer {
  io.micrometer.core.instrument.MeterRegistry forbidden();
}
