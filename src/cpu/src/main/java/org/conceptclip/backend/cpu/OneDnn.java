package org.conceptclip.backend.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongUnaryOperator;
import java.util.function.Supplier;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.tensor.DType;
import org.conceptclip.util.Closer;

/**
 * An engine of oneDNN: every status is checked and every object counted, so that a leak shows. Objects are the addresses that the C
 * functions return; whoever creates one destroys it. Thread-safe.
 */
final class OneDnn implements AutoCloseable {
  /** Names of the C functions' statuses. */
  private static final String[] STATUSES = {"success", "out of memory", "invalid arguments", "unimplemented",
    "last implementation reached", "runtime error", "not required", "invalid graph"};

  private static final int ISA_AVX2 = 0x7;
  private static final int ISA_AVX512 = 0x27;
  private static final int ISA_AVX512_BF16 = 0xe7;
  private static final int ISA_AMX = 0xfef;

  private final Dnnl dnnl;
  private final long engine;
  private final AtomicLong liveObjects = new AtomicLong();

  /** What a thread has created for something that is not whole yet, with the functions that destroy it. */
  private final ThreadLocal<Map<Long, String>> underConstruction = new ThreadLocal<>();

  /**
   * Loads the library.
   *
   * @throws BackendUnavailableException if it is missing or does not fit this machine
   */
  OneDnn() {
    dnnl = Dnnl.load();
    runSequentially();
    engine = create("dnnl_engine_create", "cpu", Dnnl.CPU, 0);
  }

  /** @param returned what the function returned, of which the lower half is its status */
  private static void check(long returned, String function, Object details) {
    int status = (int) returned;
    if (status != 0) {
      String name = status > 0 && status < STATUSES.length ? " (" + STATUSES[status] + ")" : "";
      throw new IllegalStateException("oneDNN: " + function + " failed with status " + status + name + ": " + details);
    }
  }

  private void run(String function, Object details, long... arguments) {
    check(dnnl.call(function, arguments), function, details);
  }

  /** Calls a function whose first argument says where the address of the new object goes; {@code arguments} follow it. */
  private long create(String function, Object details, long... arguments) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment created = arena.allocate(ValueLayout.JAVA_LONG);
      run(function, details, after(created, arguments));
      return counted(function, created.get(ValueLayout.JAVA_LONG, 0));
    }
  }

  private long counted(String creator, long object) {
    liveObjects.incrementAndGet();
    Map<Long, String> built = underConstruction.get();
    if (built != null) {
      built.put(object, destroyer(creator));
    }
    return object;
  }

  /** The function that destroys what another one has created. */
  private static String destroyer(String creator) {
    return creator.endsWith("_primitive_desc_create")
        ? "dnnl_primitive_desc_destroy" : creator.replaceFirst("_(create\\w*|clone)$", "_destroy");
  }

  /**
   * Builds something of several native objects, which belong to the result. If that fails, those that were created on the way are
   * destroyed. Building inside of building is apart from it: its result stays if the outer one fails.
   */
  <T> T whole(Supplier<T> build) {
    Map<Long, String> outer = underConstruction.get();
    Map<Long, String> built = new LinkedHashMap<>();
    underConstruction.set(built);
    try {
      return build.get();
    } catch (RuntimeException | Error e) {
      Closer unfinished = new Closer();
      new LinkedHashMap<>(built).forEach((object, function) -> unfinished.own(() -> destroy(function, object)));
      unfinished.closeAfter(e);
      throw e;
    } finally {
      if (outer == null) {
        underConstruction.remove();
      } else {
        underConstruction.set(outer);
      }
    }
  }

  private static long[] after(MemorySegment first, long[] others) {
    long[] all = new long[others.length + 1];
    all[0] = first.address();
    System.arraycopy(others, 0, all, 1, others.length);
    return all;
  }

  private void destroy(String function, long object) {
    run(function, "", object);
    liveObjects.decrementAndGet();
    Map<Long, String> built = underConstruction.get();
    if (built != null) {
      built.remove(object);
    }
  }

  static int dataType(DType type) {
    return switch (type) {
      case F32 -> Dnnl.F32;
      case BF16 -> Dnnl.BF16;
      default -> throw new IllegalArgumentException("the CPU backend computes in F32 and BF16, not " + type);
    };
  }

  /** Makes oneDNN run whatever the calling thread creates or executes on this thread alone. */
  void runSequentially() {
    dnnl.call("omp_set_num_threads", 1);
  }

  /** Version of the library, for example {@code 3.11.1}. */
  String version() {
    MemorySegment version = MemorySegment.ofAddress(dnnl.call("dnnl_version")).reinterpret(3 * ValueLayout.JAVA_INT.byteSize());
    int[] numbers = version.toArray(ValueLayout.JAVA_INT);
    return numbers[0] + "." + numbers[1] + "." + numbers[2];
  }

  private static boolean has(int instructionSet) {
    return (Dnnl.load().call("dnnl_get_effective_cpu_isa") & instructionSet) == instructionSet;
  }

  /** Whether the CPU multiplies bfloat16 tiles (AMX). */
  static boolean hasAmx() {
    return has(ISA_AMX);
  }

  static boolean hasBf16() {
    return has(ISA_AVX512_BF16);
  }

  /** The widest instruction set in use, for people. */
  static String instructionSet() {
    return hasAmx() ? "AMX" : hasBf16() ? "AVX-512 with bf16" : has(ISA_AVX512) ? "AVX-512" : has(ISA_AVX2) ? "AVX2" : "SSE4.1";
  }

  /** Native objects that were created here and not destroyed yet, the engine included. */
  long liveObjects() {
    return liveObjects.get();
  }

  /** Descriptor of a tensor with these extents and strides, in elements. */
  long strided(DType type, long[] extents, long[] strides) {
    try (Arena arena = Arena.ofConfined()) {
      return create("dnnl_memory_desc_create_with_strides",
          type + " " + Arrays.toString(extents) + " strides " + Arrays.toString(strides), extents.length,
          arena.allocateFrom(ValueLayout.JAVA_LONG, extents).address(), dataType(type),
          arena.allocateFrom(ValueLayout.JAVA_LONG, strides).address());
    }
  }

  /** Descriptor of a [rows, columns] matrix whose rows are {@code stride} elements apart. */
  long matrix(DType type, long rows, long columns, long stride) {
    return strided(type, new long[] {rows, columns}, new long[] {stride, 1});
  }

  /** Descriptor that leaves the layout to the primitive. */
  long anyLayout(DType type, long rows, long columns) {
    try (Arena arena = Arena.ofConfined()) {
      return create("dnnl_memory_desc_create_with_tag", type + " [" + rows + ", " + columns + "]", 2,
          arena.allocateFrom(ValueLayout.JAVA_LONG, rows, columns).address(), dataType(type), Dnnl.LAYOUT_ANY);
    }
  }

  long copyOfDescriptor(long from) {
    return create("dnnl_memory_desc_clone", "", from);
  }

  void destroyDescriptor(long descriptor) {
    destroy("dnnl_memory_desc_destroy", descriptor);
  }

  /** Bytes of a tensor with this descriptor. */
  long bytes(long descriptor) {
    return dnnl.call("dnnl_memory_desc_get_size", descriptor);
  }

  long memory(long descriptor) {
    return create("dnnl_memory_create", "", descriptor, engine, 0);
  }

  /** Makes a memory object stand for an address. */
  void aim(long memory, long address, String what) {
    run("dnnl_memory_set_data_handle", what, memory, address);
  }

  void destroyMemory(long memory) {
    destroy("dnnl_memory_destroy", memory);
  }

  long stream() {
    return create("dnnl_stream_create", "", engine, Dnnl.STREAM_IN_ORDER);
  }

  void destroyStream(long stream) {
    destroy("dnnl_stream_destroy", stream);
  }

  long primitive(long primitiveDescriptor, String what) {
    return create("dnnl_primitive_create", what, primitiveDescriptor);
  }

  /** Runs a primitive on the calling thread. */
  void execute(long primitive, long stream, int arguments, long table, String what) {
    run("dnnl_primitive_execute", what, primitive, stream, arguments, table);
  }

  void destroyPrimitive(long primitive) {
    destroy("dnnl_primitive_destroy", primitive);
  }

  void destroyPrimitiveDescriptor(long descriptor) {
    destroy("dnnl_primitive_desc_destroy", descriptor);
  }

  /** Descriptor that a primitive chose ({@link Dnnl#QUERY_WEIGHTS}, {@link Dnnl#QUERY_SCRATCHPAD}); a view, owned by it. */
  long chosen(long primitiveDescriptor, int query) {
    return dnnl.call("dnnl_primitive_desc_query_md", primitiveDescriptor, query, 0);
  }

  /** What follows a matrix product, in this order: the old content is added, scaled, passed through GELU. */
  record PostOps(boolean addToOutput, float scale, boolean gelu) {
    static final PostOps NONE = new PostOps(false, 1, false);

    static PostOps scaled(double factor) {
      return new PostOps(false, (float) factor, false);
    }
  }

  /** Primitive descriptor of a matrix product; {@code bias} [1, N], or 0 for none. The descriptors stay the caller's. */
  long matmul(long source, long weights, long bias, long destination, PostOps postOps, String what) {
    return withAttributes(postOps, attributes -> create("dnnl_matmul_primitive_desc_create", what, engine, source, weights, bias,
        destination, attributes));
  }

  /** Primitive descriptor of a softmax over an axis. */
  long softmax(long source, long destination, int axis, String what) {
    return withAttributes(PostOps.NONE, attributes -> create("dnnl_softmax_forward_primitive_desc_create", what, engine,
        Dnnl.FORWARD_INFERENCE, Dnnl.SOFTMAX_ACCURATE, source, destination, axis, attributes));
  }

  /** Primitive descriptor of a LayerNorm over the last axis, with float32 scale and shift. */
  long layerNorm(long source, long destination, long statistics, double epsilon, String what) {
    String function = "dnnl_layer_normalization_forward_primitive_desc_create";
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment created = arena.allocate(ValueLayout.JAVA_LONG);
      return withAttributes(PostOps.NONE, attributes -> {
        check(dnnl.callWithFloats(function, (float) epsilon, 0, created.address(), engine, Dnnl.FORWARD_INFERENCE, source, destination,
            statistics, Dnnl.NORM_SCALE_AND_SHIFT, attributes), function, what);
        return counted(function, created.get(ValueLayout.JAVA_LONG, 0));
      });
    }
  }

  /** Primitive descriptor of a copy between layouts and types. */
  long reorder(long from, long to, String what) {
    return withAttributes(PostOps.NONE,
        attributes -> create("dnnl_reorder_primitive_desc_create", what, from, engine, to, engine, attributes));
  }

  private long withAttributes(PostOps postOps, LongUnaryOperator create) {
    try (Closer passing = new Closer()) {
      long attributes = create("dnnl_primitive_attr_create", "");
      passing.own(() -> destroy("dnnl_primitive_attr_destroy", attributes));
      long ops = create("dnnl_post_ops_create", postOps);
      passing.own(() -> destroy("dnnl_post_ops_destroy", ops));
      // This build keeps a library-owned scratchpad inside each primitive, which two threads would then share: ours is given.
      run("dnnl_primitive_attr_set_scratchpad_mode", "user", attributes, Dnnl.SCRATCHPAD_USER);
      if (postOps.addToOutput()) {
        check(dnnl.callWithFloats("dnnl_post_ops_append_sum", 1, 0, ops, 0, 0), "dnnl_post_ops_append_sum", postOps);
      }
      if (postOps.scale() != 1) {
        append(ops, Dnnl.ELTWISE_LINEAR, postOps.scale(), postOps);
      }
      if (postOps.gelu()) {
        append(ops, Dnnl.ELTWISE_GELU_ERF, 0, postOps);
      }
      run("dnnl_primitive_attr_set_post_ops", postOps, attributes, ops);
      return create.applyAsLong(attributes);
    }
  }

  private void append(long ops, int elementwise, float alpha, PostOps postOps) {
    check(dnnl.callWithFloats("dnnl_post_ops_append_eltwise", alpha, 0, ops, elementwise), "dnnl_post_ops_append_eltwise", postOps);
  }

  /** Frees the engine; everything else that was created here must be destroyed before. */
  @Override
  public void close() {
    destroy("dnnl_engine_destroy", engine);
  }
}
