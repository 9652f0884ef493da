package org.conceptclip.backend.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.util.concurrent.atomic.AtomicLong;
import org.bytedeco.dnnl.dnnl_engine;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.dnnl.dnnl_stream;
import org.bytedeco.dnnl.dnnl_version_t;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.tensor.DType;

/**
 * oneDNN's C functions with every status checked and every object counted, so that a leak shows. Thread-safe.
 *
 * <p>The C interface rather than the C++ one: its objects are plain handles without a finaliser, freed where we say.
 */
final class OneDnn implements AutoCloseable {
  private final SystemLibrary system;
  private final dnnl_engine engine = new dnnl_engine();
  private final AtomicLong liveObjects = new AtomicLong();
  private final String version;

  /**
   * Loads the library.
   *
   * @throws BackendUnavailableException if it is missing or does not fit this machine
   */
  OneDnn() {
    version = load();
    system = new SystemLibrary();
    system.runSequentially();
    check(dnnl_engine_create(engine, dnnl_cpu, 0), "dnnl_engine_create", "cpu");
    liveObjects.incrementAndGet();
  }

  /**
   * Loads the library, if it is not loaded yet; its version.
   *
   * @throws BackendUnavailableException if it is missing or does not fit this machine
   */
  static String load() {
    try {
      Loader.load(org.bytedeco.dnnl.global.dnnl.class);
      dnnl_version_t found = dnnl_version();
      return found.major() + "." + found.minor() + "." + found.patch();
    } catch (LinkageError e) {
      throw new BackendUnavailableException(
          "CPU backend: oneDNN's native library cannot be loaded on " + System.getProperty("os.name") + " "
              + System.getProperty("os.arch") + ": " + e.getMessage(), e);
    }
  }

  /** Throws unless {@code status} is success. */
  static void check(int status, String call, Object details) {
    if (status != dnnl_success) {
      throw new OneDnnException(status, call, String.valueOf(details));
    }
  }

  static int dataType(DType type) {
    return switch (type) {
      case F32 -> dnnl_f32;
      case BF16 -> dnnl_bf16;
      default -> throw new IllegalArgumentException("the CPU backend computes in F32 and BF16, not " + type);
    };
  }

  SystemLibrary system() {
    return system;
  }

  String version() {
    return version;
  }

  /** Whether the CPU multiplies bfloat16 tiles (AMX). */
  static boolean hasAmx() {
    return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core_amx) == dnnl_cpu_isa_avx512_core_amx;
  }

  static boolean hasBf16() {
    return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
  }

  /** The widest instruction set in use, for people. */
  static String instructionSet() {
    int isa = dnnl_get_effective_cpu_isa();
    if (hasAmx()) {
      return "AMX";
    }
    if (hasBf16()) {
      return "AVX-512 with bf16";
    }
    if ((isa & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core) {
      return "AVX-512";
    }
    return (isa & dnnl_cpu_isa_avx2) == dnnl_cpu_isa_avx2 ? "AVX2" : "SSE4.1";
  }

  /** Native objects that were created here and not destroyed yet, the engine included. */
  long liveObjects() {
    return liveObjects.get();
  }

  /** Descriptor of a tensor with these extents and strides, in elements. */
  dnnl_memory_desc strided(DType type, long[] extents, long[] strides) {
    dnnl_memory_desc desc = new dnnl_memory_desc();
    check(dnnl_memory_desc_create_with_strides(desc, extents.length, extents, dataType(type), strides),
        "dnnl_memory_desc_create_with_strides", Shapes.text(type, extents, strides));
    liveObjects.incrementAndGet();
    return desc;
  }

  /** Descriptor of a [rows, columns] matrix whose rows are {@code stride} elements apart. */
  dnnl_memory_desc matrix(DType type, long rows, long columns, long stride) {
    return strided(type, new long[] {rows, columns}, new long[] {stride, 1});
  }

  /** Descriptor that leaves the layout to the primitive. */
  dnnl_memory_desc anyLayout(DType type, long rows, long columns) {
    dnnl_memory_desc desc = new dnnl_memory_desc();
    long[] extents = {rows, columns};
    check(dnnl_memory_desc_create_with_tag(desc, 2, extents, dataType(type), dnnl_format_tag_any),
        "dnnl_memory_desc_create_with_tag", Shapes.text(type, extents, null));
    liveObjects.incrementAndGet();
    return desc;
  }

  dnnl_memory_desc copyOf(dnnl_memory_desc from) {
    dnnl_memory_desc desc = new dnnl_memory_desc();
    check(dnnl_memory_desc_clone(desc, from), "dnnl_memory_desc_clone", "");
    liveObjects.incrementAndGet();
    return desc;
  }

  void destroy(dnnl_memory_desc desc) {
    check(dnnl_memory_desc_destroy(desc), "dnnl_memory_desc_destroy", "");
    liveObjects.decrementAndGet();
  }

  dnnl_memory memory(dnnl_memory_desc desc) {
    dnnl_memory memory = new dnnl_memory();
    check(dnnl_memory_create(memory, desc, engine, (Pointer) null), "dnnl_memory_create", "");
    liveObjects.incrementAndGet();
    return memory;
  }

  void destroy(dnnl_memory memory) {
    check(dnnl_memory_destroy(memory), "dnnl_memory_destroy", "");
    liveObjects.decrementAndGet();
  }

  dnnl_stream stream() {
    dnnl_stream stream = new dnnl_stream();
    check(dnnl_stream_create(stream, engine, dnnl_stream_default_flags), "dnnl_stream_create", "");
    liveObjects.incrementAndGet();
    return stream;
  }

  void destroy(dnnl_stream stream) {
    check(dnnl_stream_destroy(stream), "dnnl_stream_destroy", "");
    liveObjects.decrementAndGet();
  }

  dnnl_primitive primitive(dnnl_primitive_desc desc, String what) {
    dnnl_primitive primitive = new dnnl_primitive();
    check(dnnl_primitive_create(primitive, desc), "dnnl_primitive_create", what);
    liveObjects.incrementAndGet();
    return primitive;
  }

  void destroy(dnnl_primitive primitive) {
    check(dnnl_primitive_destroy(primitive), "dnnl_primitive_destroy", "");
    liveObjects.decrementAndGet();
  }

  void destroy(dnnl_primitive_desc desc) {
    check(dnnl_primitive_desc_destroy(desc), "dnnl_primitive_desc_destroy", "");
    liveObjects.decrementAndGet();
  }

  /** What follows a matrix product, in this order: the old content is added, scaled, passed through GELU. */
  record PostOps(boolean addToOutput, float scale, boolean gelu) {
    static final PostOps NONE = new PostOps(false, 1, false);

    static PostOps scaled(double factor) {
      return new PostOps(false, (float) factor, false);
    }
  }

  /** Matrix product; {@code biasOrNull} [1, N]. The descriptors stay the caller's. */
  dnnl_primitive_desc matmul(
      dnnl_memory_desc source,
      dnnl_memory_desc weights,
      dnnl_memory_desc biasOrNull,
      dnnl_memory_desc destination,
      PostOps postOps,
      String what) {
    dnnl_primitive_attr attributes = attributes(postOps);
    try {
      dnnl_primitive_desc desc = new dnnl_primitive_desc();
      check(dnnl_matmul_primitive_desc_create(desc, engine, source, weights, biasOrNull, destination, attributes),
          "dnnl_matmul_primitive_desc_create", what);
      liveObjects.incrementAndGet();
      return desc;
    } finally {
      dnnl_primitive_attr_destroy(attributes);
    }
  }

  /** Softmax over the last axis. */
  dnnl_primitive_desc softmax(dnnl_memory_desc source, dnnl_memory_desc destination, int axis, String what) {
    dnnl_primitive_attr attributes = attributes(PostOps.NONE);
    try {
      dnnl_primitive_desc desc = new dnnl_primitive_desc();
      check(dnnl_softmax_forward_primitive_desc_create(
          desc, engine, dnnl_forward_inference, dnnl_softmax_accurate, source, destination, axis, attributes),
          "dnnl_softmax_forward_primitive_desc_create", what);
      liveObjects.incrementAndGet();
      return desc;
    } finally {
      dnnl_primitive_attr_destroy(attributes);
    }
  }

  /** LayerNorm over the last axis, with float32 scale and shift. */
  dnnl_primitive_desc layerNorm(
      dnnl_memory_desc source, dnnl_memory_desc destination, dnnl_memory_desc statistics, double epsilon, String what) {
    dnnl_primitive_attr attributes = attributes(PostOps.NONE);
    try {
      dnnl_primitive_desc desc = new dnnl_primitive_desc();
      check(dnnl_layer_normalization_forward_primitive_desc_create(
          desc, engine, dnnl_forward_inference, source, destination, statistics, (float) epsilon,
          dnnl_use_scale | dnnl_use_shift, attributes),
          "dnnl_layer_normalization_forward_primitive_desc_create", what);
      liveObjects.incrementAndGet();
      return desc;
    } finally {
      dnnl_primitive_attr_destroy(attributes);
    }
  }

  /** Copy between layouts and types. */
  dnnl_primitive_desc reorder(dnnl_memory_desc from, dnnl_memory_desc to, String what) {
    dnnl_primitive_attr attributes = attributes(PostOps.NONE);
    try {
      dnnl_primitive_desc desc = new dnnl_primitive_desc();
      check(dnnl_reorder_primitive_desc_create(desc, from, engine, to, engine, attributes),
          "dnnl_reorder_primitive_desc_create", what);
      liveObjects.incrementAndGet();
      return desc;
    } finally {
      dnnl_primitive_attr_destroy(attributes);
    }
  }

  private static dnnl_primitive_attr attributes(PostOps postOps) {
    dnnl_primitive_attr attributes = new dnnl_primitive_attr();
    check(dnnl_primitive_attr_create(attributes), "dnnl_primitive_attr_create", "");
    // This build keeps a library-owned scratchpad inside each primitive, which two threads would then share: ours is given.
    check(dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user),
        "dnnl_primitive_attr_set_scratchpad_mode", "user");
    if (postOps.equals(PostOps.NONE)) {
      return attributes;
    }
    dnnl_post_ops ops = new dnnl_post_ops();
    check(dnnl_post_ops_create(ops), "dnnl_post_ops_create", postOps);
    try {
      if (postOps.addToOutput()) {
        check(dnnl_post_ops_append_sum(ops, 1, 0, dnnl_data_type_undef), "dnnl_post_ops_append_sum", postOps);
      }
      if (postOps.scale() != 1) {
        check(dnnl_post_ops_append_eltwise(ops, dnnl_eltwise_linear, postOps.scale(), 0),
            "dnnl_post_ops_append_eltwise", postOps);
      }
      if (postOps.gelu()) {
        check(dnnl_post_ops_append_eltwise(ops, dnnl_eltwise_gelu_erf, 0, 0), "dnnl_post_ops_append_eltwise", postOps);
      }
      check(dnnl_primitive_attr_set_post_ops(attributes, ops), "dnnl_primitive_attr_set_post_ops", postOps);
    } finally {
      dnnl_post_ops_destroy(ops);
    }
    return attributes;
  }

  /** Frees the engine; everything else that was created here must be destroyed before. */
  @Override
  public void close() {
    check(dnnl_engine_destroy(engine), "dnnl_engine_destroy", "");
    liveObjects.decrementAndGet();
  }
}
