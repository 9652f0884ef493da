package org.conceptclip.backend.cpu;

/**
 * A compiled primitive with the layouts of its arguments: shared by all workers, each of which binds it to memory in a
 * {@link BoundKernel} of its own. Immutable; owns its native objects.
 *
 * @param id index in each worker's table of bound kernels
 * @param arguments oneDNN's argument numbers
 * @param layouts descriptors, one per argument
 */
record Kernel(OneDnn dnn, int id, String what, long desc, long primitive, int[] arguments, long[] layouts, long scratchpadBytes)
    implements AutoCloseable {

  /** Compiles {@code desc}, which from now on belongs to this kernel, as do the layouts. */
  Kernel(OneDnn dnn, int id, String what, long desc, int[] arguments, long... layouts) {
    this(dnn, id, what, desc, dnn.primitive(desc, what), arguments, layouts, dnn.bytes(dnn.chosen(desc, Dnnl.QUERY_SCRATCHPAD)));
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

  @Override
  public void close() {
    dnn.destroyPrimitive(primitive);
    for (long layout : layouts) {
      dnn.destroyDescriptor(layout);
    }
    dnn.destroyPrimitiveDescriptor(desc);
  }
}
