package org.conceptclip.batch;

/** A kind of work in a simulation. */
record SimulatedKind(String name, BatchLimits limits) {}
