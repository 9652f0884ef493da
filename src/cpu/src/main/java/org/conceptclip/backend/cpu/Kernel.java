package org.conceptclip.backend.cpu;


/**
 * A compiled primitive with the layouts of its arguments: shared by all workers, each of which binds it to memory in a
 * {@link BoundKernel} of its own. Immutable; owns its native objects.
 */
final class Kernel implements AutoCloseable {
  private final OneDnn dnn;
  private final int id;
  private final String what;
  private final long desc;
  private final long primitive;
  private final int[] arguments;
  private final long[] layouts;
  private final long scratchpadBytes;

  /**
   * Compiles {@code desc}, which from now on belongs to this kernel, as do the layouts.
   *
   * @param id index in each worker's table of bound kernels
   * @param arguments oneDNN's argument numbers
   * @param layouts one an argument
   */
  Kernel(OneDnn dnn, int id, String what, long desc, int[] arguments, long... layouts) {
    this.dnn = dnn;
    this.id = id;
    this.what = what;
    this.desc = desc;
    this.arguments = arguments;
    this.layouts = layouts;
    this.primitive = dnn.primitive(desc, what);
    this.scratchpadBytes = dnn.bytes(scratchpadLayout());
  }

  int id() {
    return id;
  }

  String what() {
    return what;
  }

  long primitive() {
    return primitive;
  }

  int argumentCount() {
    return arguments.length;
  }

  int argument(int index) {
    return arguments[index];
  }

  long layout(int index) {
    return layouts[index];
  }

  /** Bytes that argument {@code index} takes. */
  long layoutBytes(int index) {
    return dnn.bytes(layouts[index]);
  }

  /** Layout of the scratchpad; a view that this kernel owns. */
  long scratchpadLayout() {
    return dnn.chosen(desc, Dnnl.QUERY_SCRATCHPAD);
  }

  long scratchpadBytes() {
    return scratchpadBytes;
  }

  @Override
  public void close() {
    dnn.destroyPrimitive(primitive);
    for (long layout : layouts) {
      dnn.destroyDescriptor(layout);
    }
    dnn.destroyPrimitiveDescriptor(desc);
  }
}
