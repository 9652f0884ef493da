package org.conceptclip.parity;

import org.conceptclip.backend.Precision;
import org.conceptclip.op.ForwardingParameters;
import org.conceptclip.op.Parameters;
import org.conceptclip.op.PatchEmbeddingWeights;
import org.conceptclip.op.PatchGeometry;
import org.conceptclip.op.RoundingBackend;
import org.conceptclip.op.TokenEmbeddingWeights;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;

/**
 * A plain bfloat16 implementation in miniature, to derive tolerances from: weight matrices and tables are rounded to bfloat16
 * and, for {@link Precision#BF16}, every op's activation output as well. Arithmetic is float64; the residual stream and pooled
 * features are stored in float32, as in the CPU backend's plan.
 */
final class Bfloat16Simulation extends RoundingBackend {
  Bfloat16Simulation(Precision precision) {
    super(precision);
  }

  @Override
  protected Parameters decorate(Parameters parameters) {
    return new ForwardingParameters(super.decorate(parameters)) {
      @Override
      public PatchEmbeddingWeights patchEmbedding(
          String name,
          PatchGeometry geometry,
          HostTensor weight,
          HostTensor bias,
          HostTensor positions,
          double[] pixelScale,
          double[] pixelShift) {
        return super.patchEmbedding(
            name, geometry, rounded(weight, DType.BF16), bias, rounded(positions, DType.BF16), pixelScale, pixelShift);
      }

      @Override
      public TokenEmbeddingWeights tokenEmbedding(
          String name,
          HostTensor words,
          HostTensor positions,
          HostTensor tokenType,
          HostTensor normWeight,
          HostTensor normBias,
          double epsilon) {
        return super.tokenEmbedding(
            name, rounded(words, DType.BF16), rounded(positions, DType.BF16), tokenType, normWeight, normBias, epsilon);
      }
    };
  }
}
