package org.conceptclip.backend.reference;

import org.conceptclip.op.LinearWeights;
import org.conceptclip.op.NormWeights;
import org.conceptclip.op.PatchEmbeddingWeights;
import org.conceptclip.op.PatchGeometry;
import org.conceptclip.op.QueryWeights;
import org.conceptclip.op.TokenEmbeddingWeights;
import org.conceptclip.tensor.HostTensor;

/** Weights as the reference keeps them: host tensors in the memory of a {@link ReferenceWeightStore}. */
final class ReferenceWeights {
  private ReferenceWeights() {}

  /** @param transposed [inputs, outputs] */
  record Linear(String name, HostTensor transposed, HostTensor biasOrNull) implements LinearWeights {
    @Override
    public int inputs() {
      return (int) transposed.rows();
    }

    @Override
    public int outputs() {
      return (int) transposed.columns();
    }

    @Override
    public boolean hasBias() {
      return biasOrNull != null;
    }
  }

  record Norm(String name, HostTensor weight, HostTensor bias, double epsilon) implements NormWeights {
    @Override
    public int width() {
      return (int) weight.columns();
    }
  }

  /** @param transposed [3 * p * p, width] */
  record PatchEmbedding(
      String name,
      PatchGeometry geometry,
      HostTensor transposed,
      HostTensor bias,
      HostTensor positionTable,
      double[] pixelScale,
      double[] pixelShift)
      implements PatchEmbeddingWeights {
    @Override
    public int width() {
      return (int) transposed.columns();
    }
  }

  record TokenEmbedding(String name, HostTensor words, HostTensor positionTable, HostTensor tokenType, Norm norm)
      implements TokenEmbeddingWeights {
    @Override
    public int vocabulary() {
      return (int) words.rows();
    }

    @Override
    public int positions() {
      return (int) positionTable.rows();
    }

    @Override
    public int width() {
      return (int) words.columns();
    }
  }

  record Query(String name, HostTensor values) implements QueryWeights {
    @Override
    public int width() {
      return (int) values.columns();
    }
  }
}
