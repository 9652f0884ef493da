package org.conceptclip.backend.cpu;

import org.conceptclip.op.NormWeights;

/** LayerNorm weights, float32 at two addresses that belong to the {@link CpuWeightStore} that made it. */
record CpuNorm(String name, int width, double epsilon, long weightAddress, long biasAddress) implements NormWeights {}
