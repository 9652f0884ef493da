package org.conceptclip.parity;

import org.conceptclip.backend.Precision;
import org.conceptclip.op.ForwardingWeightStore;
import org.conceptclip.op.PatchEmbeddingWeights;
import org.conceptclip.op.PatchGeometry;
import org.conceptclip.op.RoundingBackend;
import org.conceptclip.op.TokenEmbeddingWeights;
import org.conceptclip.op.WeightStore;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;

/**
 * A plain 16-bit implementation in miniature, to derive tolerances from: weight matrices and tables are rounded to the
 * precision's 16-bit type and, unless the precision narrows weights only, every op's activation output as well. Arithmetic is
 * float64; the vision tower's residual stream is stored in a type of choice, pooled features in float32.
 */
class NarrowSimulation extends RoundingBackend {
  NarrowSimulation(Precision precision, DType residual) {
    super(precision, residual);
  }

  @Override
  protected WeightStore decorate(WeightStore parameters) {
    return new ForwardingWeightStore(super.decorate(parameters)) {
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
            name, geometry, rounded(weight, weightType()), bias, rounded(positions, weightType()), pixelScale, pixelShift);
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
            name, rounded(words, weightType()), rounded(positions, weightType()), tokenType, normWeight, normBias, epsilon);
      }
    };
  }
}
