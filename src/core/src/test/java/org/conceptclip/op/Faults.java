package org.conceptclip.op;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Tensor;

/** Mistakes that backends make, as decorators of a right one whose tensors are in host memory. */
final class Faults {
  private Faults() {}

  /**
   * One mistake.
   *
   * @param cases the cases of which at least one must fail
   */
  record Fault(
      String name, Supplier<Stream<ContractCase>> cases, UnaryOperator<Ops> ops, UnaryOperator<WeightStore> parameters) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Fault> all() {
    return Stream.of(linear(), norm(), linearAddNorm(), attention(), pool(), embedding(), similarity(), memory(), parameters())
        .flatMap(faults -> faults);
  }

  private static Fault ops(String name, Supplier<Stream<ContractCase>> cases, UnaryOperator<Ops> ops) {
    return new Fault(name, cases, ops, UnaryOperator.identity());
  }

  private static Stream<Fault> linear() {
    return Stream.of(
        ops("GELU by tanh", LinearCases::all, linear((ops, x, weights, epilogue, out) -> {
          ops.linear(x, weights, epilogue == Epilogue.GELU ? Epilogue.NONE : epilogue, out);
          if (epilogue == Epilogue.GELU) {
            map(out, v -> 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v * v * v))));
          }
        })),
        ops("accumulating overwrites", LinearCases::all, linear((ops, x, weights, epilogue, out) ->
            ops.linear(x, weights, epilogue == Epilogue.ACCUMULATE ? Epilogue.NONE : epilogue, out))),
        ops("the last row is forgotten", LinearCases::all, linear((ops, x, weights, epilogue, out) -> {
          double[] last = row(out, out.rows() - 1);
          ops.linear(x, weights, epilogue, out);
          setRow(out, out.rows() - 1, last);
        })),
        ops("results pass through a type of half the digits", LinearCases::all, linear((ops, x, weights, epilogue, out) -> {
          ops.linear(x, weights, epilogue, out);
          map(out, v -> v * (1 + 4 * Rounding.unit(out.dtype() == DType.F64 ? DType.F32 : DType.BF16)));
        })),
        ops("results depend on the batch in the last bit", InvarianceCases::all, linear((ops, x, weights, epilogue, out) -> {
          ops.linear(x, weights, epilogue, out);
          if (x.rows() > 1) {
            map(out, v -> v * (1 + 2 * Rounding.unit(out.dtype())));
          }
        })));
  }

  private static Stream<Fault> norm() {
    return Stream.of(
        ops("the sum is not kept", NormCases::all, ops -> new ForwardingOps(ops) {
          @Override
          public void addNorm(Tensor x, Tensor y, NormWeights weights, Tensor out) {
            double[] before = host(x).toDoubleArray();
            super.addNorm(x, y, weights, out);
            if (out != x) {
              set(x, before);
            }
          }
        }),
        ops("the sum overwrites the norm in place", NormCases::all, ops -> new ForwardingOps(ops) {
          @Override
          public void addNorm(Tensor x, Tensor y, NormWeights weights, Tensor out) {
            double[] sum = host(x).toDoubleArray();
            double[] added = host(y).toDoubleArray();
            super.addNorm(x, y, weights, out);
            if (out == x) {
              Arrays.setAll(sum, i -> sum[i] + added[i]);
              set(x, sum);
            }
          }
        }));
  }

  private static Stream<Fault> linearAddNorm() {
    return Stream.of(
        ops("the stream is not written", LinearAddNormCases::all, linearAddNorm((ops, x, weights, residual, norm, update, out) -> {
          double[] before = host(residual).toDoubleArray();
          ops.linearAddNorm(x, weights, residual, norm, update, out);
          set(residual, before);
        })),
        ops("the norm is that of the update", LinearAddNormCases::all, linearAddNorm((ops, x, weights, residual, norm, update, out) -> {
          ops.linearAddNorm(x, weights, residual, norm, update, out);
          ops.layerNorm(update, norm, out);
        })),
        ops("the last row is not added", LinearAddNormCases::all, linearAddNorm((ops, x, weights, residual, norm, update, out) -> {
          double[] last = row(residual, residual.rows() - 1);
          ops.linearAddNorm(x, weights, residual, norm, update, out);
          setRow(residual, residual.rows() - 1, last);
          ops.layerNorm(residual, norm, out);
        })),
        ops("the stream depends on the batch in the last bit", InvarianceCases::all,
            linearAddNorm((ops, x, weights, residual, norm, update, out) -> {
              ops.linearAddNorm(x, weights, residual, norm, update, out);
              if (x.rows() > 1) {
                map(residual, v -> v * (1 + 2 * Rounding.unit(residual.dtype())));
              }
            })));
  }

  private static Stream<Fault> attention() {
    return Stream.of(
        ops("the last key is left out", AttentionCases::all, attention(sequences -> keys(sequences, -1), 1)),
        ops("a padding key is seen", AttentionCases::all, attention(sequences -> keys(sequences, 1), 1)),
        ops("scores are not scaled", AttentionCases::all, ops -> new ForwardingOps(ops) {
          @Override
          public void attention(Tensor qkv, Sequences sequences, int heads, Tensor out) {
            double scale = Math.sqrt(out.columns() / (double) heads);
            super.attention(changed(qkv, (column, v) -> column < out.columns() ? v * scale : v), sequences, heads, out);
          }
        }),
        ops("one head instead of several", AttentionCases::all, attention(UnaryOperator.identity(), 0)),
        ops("padding rows are skipped", AttentionCases::all, ops -> new ForwardingOps(ops) {
          @Override
          public void attention(Tensor qkv, Sequences sequences, int heads, Tensor out) {
            super.attention(qkv, sequences, heads, out);
            for (int s = 0; s < sequences.count(); s++) {
              for (int row = sequences.keyLength(s); row < sequences.rows(s); row++) {
                setRow(out, sequences.start(s) + row, new double[(int) out.columns()]);
              }
            }
          }
        }),
        ops("sequences see each other", AttentionCases::all,
            attention(sequences -> Sequences.packed(sequences.totalRows()), 1)));
  }

  private static Stream<Fault> pool() {
    return Stream.of(
        ops("the pool sees padding", PoolCases::all, ops -> new ForwardingOps(ops) {
          @Override
          public void poolAttention(QueryWeights query, Tensor kv, Sequences sequences, int heads, Tensor out) {
            super.poolAttention(query, kv, keys(sequences, 1), heads, out);
          }
        }),
        ops("keys and values swap in the pool", PoolCases::all, ops -> new ForwardingOps(ops) {
          @Override
          public void poolAttention(QueryWeights query, Tensor kv, Sequences sequences, int heads, Tensor out) {
            HostTensor swapped = copy(kv);
            long width = query.width();
            for (long i = 0; i < swapped.shape().elements(); i++) {
              long column = i % (2 * width);
              swapped.set(i, host(kv).getDouble(i - column + (column + width) % (2 * width)));
            }
            super.poolAttention(query, swapped, sequences, heads, out);
          }
        }),
        ops("the mean counts padding", PoolCases::all, ops -> new ForwardingOps(ops) {
          @Override
          public void meanPool(Tensor x, Sequences sequences, Tensor out) {
            super.meanPool(x, keys(sequences, Integer.MAX_VALUE), out);
          }
        }));
  }

  private static Stream<Fault> embedding() {
    return Stream.of(
        ops("positions are counted anew", EmbeddingCases::all, ops -> new ForwardingOps(ops) {
          @Override
          public void tokenEmbed(TokenBatch tokens, TokenEmbeddingWeights weights, Tensor out) {
            int[] positions = new int[tokens.ids().length];
            Arrays.setAll(positions, row -> row % weights.positions());
            super.tokenEmbed(new TokenBatch(tokens.ids(), positions, tokens.sequences()), weights, out);
          }
        }),
        ops("red and blue swap", EmbeddingCases::all, ops -> new ForwardingOps(ops) {
          @Override
          public void patchEmbed(Tensor pixels, PatchEmbeddingWeights weights, Tensor out) {
            HostTensor swapped = copy(pixels);
            for (long i = 0; pixels.dtype() == DType.U8 && i < swapped.byteSize(); i++) {
              byte value = host(pixels).data().get(ValueLayout.JAVA_BYTE, i);
              swapped.data().set(ValueLayout.JAVA_BYTE, i - i % 3 + (2 - i % 3), value);
            }
            super.patchEmbed(swapped, weights, out);
          }
        }));
  }

  private static Stream<Fault> similarity() {
    return Stream.of(
        ops("zero rows divide by zero", SimilarityCases::all, ops -> new ForwardingOps(ops) {
          @Override
          public void l2Normalize(Tensor x, Tensor out) {
            super.l2Normalize(x, out);
            for (long row = 0; row < out.rows(); row++) {
              double[] values = row(out, row);
              if (Arrays.stream(values).allMatch(v -> v == 0)) {
                Arrays.fill(values, Double.NaN);
                setRow(out, row, values);
              }
            }
          }
        }),
        ops("the scale is left out", SimilarityCases::all, ops -> new ForwardingOps(ops) {
          @Override
          public void similarity(Tensor a, Tensor b, double scale, Tensor out) {
            super.similarity(a, b, 1, out);
          }
        }),
        ops("one value too many in the top k", SimilarityCases::all, topK(1, 0)),
        ops("padding competes for the top k", SimilarityCases::all, topK(0, Integer.MAX_VALUE)),
        ops("the mean divides by k where there are fewer", SimilarityCases::all, ops -> new ForwardingOps(ops) {
          @Override
          public void topKMeanSimilarity(Tensor patches, Sequences sequences, Tensor concepts, double scale, int k, Tensor out) {
            super.topKMeanSimilarity(patches, sequences, concepts, scale, k, out);
            for (int s = 0; s < sequences.count(); s++) {
              double factor = Math.min(k, sequences.keyLength(s)) / (double) k;
              setRow(out, s, Arrays.stream(row(out, s)).map(v -> v * factor).toArray());
            }
          }
        }));
  }

  private static Stream<Fault> memory() {
    return Stream.of(
        ops("a value is written behind the output", LinearCases::all, linear((ops, x, weights, epilogue, out) -> {
          ops.linear(x, weights, epilogue, out);
          long end = host(out).byteSize();
          host(out).data().reinterpret(end + 1).set(ValueLayout.JAVA_BYTE, end, (byte) 1);
        })),
        ops("an input is overwritten", LinearCases::all, linear((ops, x, weights, epilogue, out) -> {
          ops.linear(x, weights, epilogue, out);
          host(x).set(0, 0.125);
        })),
        ops("the row behind the input is read", LinearCases::all, linear((ops, x, weights, epilogue, out) -> {
          ops.linear(x, weights, epilogue, out);
          HostTensor behind = HostTensor.view(
              x.dtype(), x.shape(), host(x).data().reinterpret(host(x).byteSize() * 2).asSlice(host(x).byteSize()));
          if (x.rows() == 1) {
            map(out, v -> v + 0 * behind.getDouble(0));
          }
        })));
  }

  private static Stream<Fault> parameters() {
    return Stream.of(
        new Fault("epsilon of 1e-5", NormCases::all, UnaryOperator.identity(), inner -> new ForwardingWeightStore(inner) {
          @Override
          public NormWeights layerNorm(String name, HostTensor weight, HostTensor bias, double epsilon) {
            return super.layerNorm(name, weight, bias, 1e-5);
          }
        }),
        new Fault("epsilon of 1e-6 for 1e-12", NormCases::all, UnaryOperator.identity(), inner -> new ForwardingWeightStore(inner) {
          @Override
          public NormWeights layerNorm(String name, HostTensor weight, HostTensor bias, double epsilon) {
            return super.layerNorm(name, weight, bias, Math.max(epsilon, 1e-6));
          }
        }),
        new Fault("variance over n - 1", NormCases::all, UnaryOperator.identity(), inner -> new ForwardingWeightStore(inner) {
          @Override
          public NormWeights layerNorm(String name, HostTensor weight, HostTensor bias, double epsilon) {
            HostTensor scaled = copy(weight);
            double n = weight.columns();
            map(scaled, v -> v * Math.sqrt((n - 1) / n));
            return super.layerNorm(name, scaled, bias, epsilon);
          }
        }),
        new Fault("the bias is left out", LinearCases::all, UnaryOperator.identity(), inner -> new ForwardingWeightStore(inner) {
          @Override
          public LinearWeights linear(String name, HostTensor weight, HostTensor biasOrNull) {
            return super.linear(name, weight, null);
          }
        }),
        new Fault("the kernel is transposed", EmbeddingCases::all, UnaryOperator.identity(), inner -> new ForwardingWeightStore(inner) {
          @Override
          public PatchEmbeddingWeights patchEmbedding(
              String name, PatchGeometry geometry, HostTensor weight, HostTensor bias, HostTensor positions,
              double[] pixelScale, double[] pixelShift) {
            HostTensor transposed = copy(weight);
            int p = geometry.patchSize();
            for (long i = 0; i < weight.shape().elements(); i++) {
              long pixel = i % (p * p);
              transposed.set(i, weight.getDouble(i - pixel + pixel % p * p + pixel / p));
            }
            return super.patchEmbedding(name, geometry, transposed, bias, positions, pixelScale, pixelShift);
          }
        }));
  }

  private interface LinearBody {
    void run(Ops ops, Tensor x, LinearWeights weights, Epilogue epilogue, Tensor out);
  }

  private static UnaryOperator<Ops> linear(LinearBody body) {
    return ops -> new ForwardingOps(ops) {
      @Override
      public void linear(Tensor x, LinearWeights weights, Epilogue epilogue, Tensor out) {
        body.run(ops, x, weights, epilogue, out);
      }
    };
  }

  private interface LinearAddNormBody {
    void run(Ops ops, Tensor x, LinearWeights weights, Tensor residual, NormWeights norm, Tensor update, Tensor out);
  }

  private static UnaryOperator<Ops> linearAddNorm(LinearAddNormBody body) {
    return ops -> new ForwardingOps(ops) {
      @Override
      public void linearAddNorm(Tensor x, LinearWeights weights, Tensor residual, NormWeights norm, Tensor update, Tensor out) {
        body.run(ops, x, weights, residual, norm, update, out);
      }
    };
  }

  /** @param headFactor 0 for a single head */
  private static UnaryOperator<Ops> attention(UnaryOperator<Sequences> change, int headFactor) {
    return ops -> new ForwardingOps(ops) {
      @Override
      public void attention(Tensor qkv, Sequences sequences, int heads, Tensor out) {
        super.attention(qkv, change.apply(sequences), headFactor == 0 ? 1 : heads, out);
      }
    };
  }

  private static UnaryOperator<Ops> topK(int moreK, int moreKeys) {
    return ops -> new ForwardingOps(ops) {
      @Override
      public void topKMeanSimilarity(Tensor patches, Sequences sequences, Tensor concepts, double scale, int k, Tensor out) {
        super.topKMeanSimilarity(patches, keys(sequences, moreKeys), concepts, scale, k + moreK, out);
      }
    };
  }

  /** Key lengths changed by so much, where the sequence allows it. */
  private static Sequences keys(Sequences sequences, int more) {
    int[] lengths = new int[sequences.count()];
    Arrays.setAll(lengths, s -> Math.clamp((long) sequences.keyLength(s) + more, 1, sequences.rows(s)));
    return new Sequences(sequences.cumulativeRows(), lengths);
  }

  private interface Change {
    double apply(long column, double value);
  }

  private static HostTensor changed(Tensor tensor, Change change) {
    HostTensor copy = copy(tensor);
    for (long i = 0; i < copy.shape().elements(); i++) {
      copy.set(i, change.apply(i % copy.columns(), copy.getDouble(i)));
    }
    return copy;
  }

  private static HostTensor host(Tensor tensor) {
    return (HostTensor) tensor;
  }

  private static HostTensor copy(Tensor tensor) {
    HostTensor copy = HostTensor.allocate(Arena.ofAuto(), tensor.dtype(), tensor.shape().toArray());
    copy.data().copyFrom(host(tensor).data());
    return copy;
  }

  private static void map(Tensor tensor, UnaryOperator<Double> change) {
    for (long i = 0; i < tensor.shape().elements(); i++) {
      host(tensor).set(i, change.apply(host(tensor).getDouble(i)));
    }
  }

  private static double[] row(Tensor tensor, long row) {
    return host(tensor).rows(row, 1).toDoubleArray();
  }

  private static void setRow(Tensor tensor, long row, double[] values) {
    set(host(tensor).rows(row, 1), values);
  }

  private static void set(Tensor tensor, double[] values) {
    for (int i = 0; i < values.length; i++) {
      host(tensor).set(i, values[i]);
    }
  }
}
