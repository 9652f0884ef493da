package org.conceptclip.backend.cpu;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.conceptclip.op.Epilogue;
import org.conceptclip.tensor.DType;

/**
 * All compiled kernels of a backend, by what they compute. Thread-safe. Kernels live until the backend is closed: their
 * number is bounded because rows come in few sizes ({@link RowChunks}) and sequences are no longer than the models' limits.
 */
final class Kernels implements AutoCloseable {
  /** Rows that the weights' layout is asked for; the layout turns out the same for every number of rows. */
  private static final int LAYOUT_ROWS = 192;

  private record WeightLayout(int inputs, int outputs, DType type) {}

  /** A slice of a linear layer: x [rows, inputs] with prepacked weights of the same type to out [rows, outputs] with a stride. */
  record Linear(
      int rows, int inputs, int outputs, DType type, DType out, int outStride, boolean bias, Epilogue epilogue) {}

  /** {@code out = scale * a b^T}: a [m, k], b [n, k], out [m, n]; rows these strides apart. */
  record DotProducts(int m, int n, int k, int aStride, int bStride, int outStride, float scale) {}

  /** LayerNorm of dense float32 [rows, width]. */
  record LayerNorm(int rows, int width, double epsilon, DType out) {}

  /** Copy of a number of values to another type. */
  record Cast(long values, DType from, DType to) {}

  private final OneDnn dnn;
  private final ConcurrentHashMap<Object, Kernel> kernels = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<WeightLayout, Long> layouts = new ConcurrentHashMap<>();
  private final AtomicInteger ids = new AtomicInteger();

  Kernels(OneDnn dnn) {
    this.dnn = dnn;
  }

  OneDnn dnn() {
    return dnn;
  }

  /** Compiled kernels so far. */
  int count() {
    return kernels.size();
  }

  /** The kernel of this key, compiled by {@code compile} if it is new. */
  <K> Kernel get(K key, Function<K, Kernel> compile) {
    Kernel found = kernels.get(key);
    if (found != null) {
      return found;
    }
    // What oneDNN compiles on a thread that may use one thread runs on one thread, wherever it is executed.
    dnn.runSequentially();
    return kernels.computeIfAbsent(key, k -> dnn.whole(() -> compile.apply(key)));
  }

  Kernel compiled(String what, long desc, int[] arguments, long... layoutsOfArguments) {
    return new Kernel(dnn, ids.getAndIncrement(), what, desc, arguments, layoutsOfArguments);
  }

  /** Layout of prepacked weights [inputs, outputs]; a view, owned here. */
  long weightLayout(int inputs, int outputs, DType type) {
    dnn.runSequentially();
    return layouts.computeIfAbsent(new WeightLayout(inputs, outputs, type), key -> dnn.whole(() -> {
      long source = dnn.matrix(type, LAYOUT_ROWS, inputs, inputs);
      long any = dnn.anyLayout(type, inputs, outputs);
      long destination = dnn.matrix(type, LAYOUT_ROWS, outputs, outputs);
      long desc =
          dnn.matmul(source, any, 0, destination, OneDnn.PostOps.NONE, "layout of " + key);
      long layout = dnn.copyOfDescriptor(dnn.chosen(desc, Dnnl.QUERY_WEIGHTS));
      dnn.destroyPrimitiveDescriptor(desc);
      dnn.destroyDescriptor(source);
      dnn.destroyDescriptor(any);
      dnn.destroyDescriptor(destination);
      return layout;
    }));
  }

  /** Arguments: x, weights, out, bias (where there is one). */
  Kernel linear(Linear key) {
    return get(key, k -> {
      long x = dnn.matrix(k.type(), k.rows(), k.inputs(), k.inputs());
      long weights = dnn.copyOfDescriptor(weightLayout(k.inputs(), k.outputs(), k.type()));
      long out = dnn.matrix(k.out(), k.rows(), k.outputs(), k.outStride());
      long bias = k.bias() ? dnn.matrix(DType.F32, 1, k.outputs(), k.outputs()) : 0;
      OneDnn.PostOps postOps = new OneDnn.PostOps(k.epilogue() == Epilogue.ACCUMULATE, 1, k.epilogue() == Epilogue.GELU);
      long desc = dnn.matmul(x, weights, bias, out, postOps, k.toString());
      return bias == 0
          ? compiled(k.toString(), desc, new int[] {Dnnl.SRC, Dnnl.WEIGHTS, Dnnl.DST}, x, weights, out)
          : compiled(k.toString(), desc, new int[] {Dnnl.SRC, Dnnl.WEIGHTS, Dnnl.DST, Dnnl.BIAS},
              x, weights, out, bias);
    });
  }

  /** Arguments: a, b, out, all float32. */
  Kernel dotProducts(DotProducts key) {
    return get(key, k -> {
      long a = dnn.matrix(DType.F32, k.m(), k.k(), k.aStride());
      long b = dnn.strided(DType.F32, new long[] {k.k(), k.n()}, new long[] {1, k.bStride()});
      long out = dnn.matrix(DType.F32, k.m(), k.n(), k.outStride());
      long desc =
          dnn.matmul(a, b, 0, out, new OneDnn.PostOps(false, k.scale(), false), k.toString());
      return compiled(k.toString(), desc, new int[] {Dnnl.SRC, Dnnl.WEIGHTS, Dnnl.DST}, a, b, out);
    });
  }

  /** Arguments: x, out, weight [width], bias [width], both float32. */
  Kernel layerNorm(LayerNorm key) {
    return get(key, k -> {
      long x = dnn.matrix(DType.F32, k.rows(), k.width(), k.width());
      long out = dnn.matrix(k.out(), k.rows(), k.width(), k.width());
      long statistics = dnn.strided(DType.F32, new long[] {k.rows()}, new long[] {1});
      long weight = dnn.strided(DType.F32, new long[] {k.width()}, new long[] {1});
      long desc = dnn.layerNorm(x, out, statistics, k.epsilon(), k.toString());
      dnn.destroyDescriptor(statistics);
      return compiled(k.toString(), desc, new int[] {Dnnl.SRC, Dnnl.DST, Dnnl.SCALE, Dnnl.SHIFT},
          x, out, weight, dnn.copyOfDescriptor(weight));
    });
  }

  /** Arguments: from, to. */
  Kernel cast(Cast key) {
    return get(key, k -> {
      long[] extents = {k.values()};
      long[] strides = {1};
      long from = dnn.strided(k.from(), extents, strides);
      long to = dnn.strided(k.to(), extents, strides);
      return compiled(k.toString(), dnn.reorder(from, to, k.toString()), new int[] {Dnnl.SRC, Dnnl.DST}, from, to);
    });
  }

  /** Frees every kernel; those bound to them must be closed before. */
  @Override
  public void close() {
    kernels.values().forEach(Kernel::close);
    layouts.values().forEach(dnn::destroyDescriptor);
  }
}
