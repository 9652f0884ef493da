package org.conceptclip.backend.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive_desc;
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

  /** A slice of a linear layer: x [rows, inputs] with prepacked weights of the same type to out [rows, outputs], rows {@code outStride} apart. */
  record Linear(
      int rows, int inputs, int outputs, DType type, DType out, int outStride, boolean bias, Epilogue epilogue) {}

  /** {@code out = scale * a b^T}: a [m, k], b [n, k], out [m, n]; rows these strides apart. */
  record DotProducts(int m, int n, int k, int aStride, int bStride, int outStride, float scale) {}

  /** LayerNorm of dense float32 [rows, width]. */
  record LayerNorm(int rows, int width, double epsilon, DType out) {}

  /** Copy of so many values to another type. */
  record Cast(long values, DType from, DType to) {}

  private final OneDnn dnn;
  private final ConcurrentHashMap<Object, Kernel> kernels = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<WeightLayout, dnnl_memory_desc> layouts = new ConcurrentHashMap<>();
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
    dnn.system().runSequentially();
    return kernels.computeIfAbsent(key, k -> compile.apply(key));
  }

  Kernel compiled(String what, dnnl_primitive_desc desc, int[] arguments, dnnl_memory_desc... layoutsOfArguments) {
    return new Kernel(dnn, ids.getAndIncrement(), what, desc, arguments, layoutsOfArguments);
  }

  /** Layout of prepacked weights [inputs, outputs]; a view, owned here. */
  dnnl_memory_desc weightLayout(int inputs, int outputs, DType type) {
    dnn.system().runSequentially();
    return layouts.computeIfAbsent(new WeightLayout(inputs, outputs, type), key -> {
      dnnl_memory_desc source = dnn.matrix(type, LAYOUT_ROWS, inputs, inputs);
      dnnl_memory_desc any = dnn.anyLayout(type, inputs, outputs);
      dnnl_memory_desc destination = dnn.matrix(type, LAYOUT_ROWS, outputs, outputs);
      dnnl_primitive_desc desc =
          dnn.matmul(source, any, null, destination, OneDnn.PostOps.NONE, "layout of " + key);
      dnnl_memory_desc layout = dnn.copyOf(dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, 0));
      dnn.destroy(desc);
      dnn.destroy(source);
      dnn.destroy(any);
      dnn.destroy(destination);
      return layout;
    });
  }

  /** Arguments: x, weights, out, bias (where there is one). */
  Kernel linear(Linear key) {
    return get(key, k -> {
      dnnl_memory_desc x = dnn.matrix(k.type(), k.rows(), k.inputs(), k.inputs());
      dnnl_memory_desc weights = dnn.copyOf(weightLayout(k.inputs(), k.outputs(), k.type()));
      dnnl_memory_desc out = dnn.matrix(k.out(), k.rows(), k.outputs(), k.outStride());
      dnnl_memory_desc bias = k.bias() ? dnn.matrix(DType.F32, 1, k.outputs(), k.outputs()) : null;
      OneDnn.PostOps postOps = new OneDnn.PostOps(k.epilogue() == Epilogue.ACCUMULATE, 1, k.epilogue() == Epilogue.GELU);
      dnnl_primitive_desc desc = dnn.matmul(x, weights, bias, out, postOps, k.toString());
      return bias == null
          ? compiled(k.toString(), desc, new int[] {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST}, x, weights, out)
          : compiled(k.toString(), desc, new int[] {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, DNNL_ARG_BIAS},
              x, weights, out, bias);
    });
  }

  /** Arguments: a, b, out, all float32. */
  Kernel dotProducts(DotProducts key) {
    return get(key, k -> {
      dnnl_memory_desc a = dnn.matrix(DType.F32, k.m(), k.k(), k.aStride());
      dnnl_memory_desc b = dnn.strided(DType.F32, new long[] {k.k(), k.n()}, new long[] {1, k.bStride()});
      dnnl_memory_desc out = dnn.matrix(DType.F32, k.m(), k.n(), k.outStride());
      dnnl_primitive_desc desc =
          dnn.matmul(a, b, null, out, new OneDnn.PostOps(false, k.scale(), false), k.toString());
      return compiled(k.toString(), desc, new int[] {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST}, a, b, out);
    });
  }

  /** Arguments: x, out, weight [width], bias [width], both float32. */
  Kernel layerNorm(LayerNorm key) {
    return get(key, k -> {
      dnnl_memory_desc x = dnn.matrix(DType.F32, k.rows(), k.width(), k.width());
      dnnl_memory_desc out = dnn.matrix(k.out(), k.rows(), k.width(), k.width());
      dnnl_memory_desc statistics = dnn.strided(DType.F32, new long[] {k.rows()}, new long[] {1});
      dnnl_memory_desc weight = dnn.strided(DType.F32, new long[] {k.width()}, new long[] {1});
      dnnl_primitive_desc desc = dnn.layerNorm(x, out, statistics, k.epsilon(), k.toString());
      dnn.destroy(statistics);
      return compiled(k.toString(), desc, new int[] {DNNL_ARG_SRC, DNNL_ARG_DST, DNNL_ARG_SCALE, DNNL_ARG_SHIFT},
          x, out, weight, dnn.copyOf(weight));
    });
  }

  /** Arguments: from, to. */
  Kernel cast(Cast key) {
    return get(key, k -> {
      long[] extents = {k.values()};
      long[] strides = {1};
      dnnl_memory_desc from = dnn.strided(k.from(), extents, strides);
      dnnl_memory_desc to = dnn.strided(k.to(), extents, strides);
      return compiled(k.toString(), dnn.reorder(from, to, k.toString()), new int[] {DNNL_ARG_FROM, DNNL_ARG_TO}, from, to);
    });
  }

  /** Frees every kernel; those bound to them must be closed before. */
  @Override
  public void close() {
    kernels.values().forEach(Kernel::close);
    layouts.values().forEach(dnn::destroy);
  }
}
