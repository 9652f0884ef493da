package org.conceptclip.backend.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;

import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive;
import org.bytedeco.dnnl.dnnl_primitive_desc;

/**
 * A compiled primitive with the layouts of its arguments: shared by all workers, each of which binds it to memory in a
 * {@link BoundKernel} of its own. Immutable; owns its native objects.
 */
final class Kernel implements AutoCloseable {
  private final OneDnn dnn;
  private final int id;
  private final String what;
  private final dnnl_primitive_desc desc;
  private final dnnl_primitive primitive;
  private final int[] arguments;
  private final dnnl_memory_desc[] layouts;
  private final long scratchpadBytes;

  /**
   * Compiles {@code desc}, which from now on belongs to this kernel, as do the layouts.
   *
   * @param id index in each worker's table of bound kernels
   * @param arguments oneDNN's argument numbers
   * @param layouts one an argument
   */
  Kernel(OneDnn dnn, int id, String what, dnnl_primitive_desc desc, int[] arguments, dnnl_memory_desc... layouts) {
    this.dnn = dnn;
    this.id = id;
    this.what = what;
    this.desc = desc;
    this.arguments = arguments;
    this.layouts = layouts;
    this.primitive = dnn.primitive(desc, what);
    this.scratchpadBytes = dnnl_memory_desc_get_size(scratchpadLayout());
  }

  int id() {
    return id;
  }

  String what() {
    return what;
  }

  dnnl_primitive primitive() {
    return primitive;
  }

  int argumentCount() {
    return arguments.length;
  }

  int argument(int index) {
    return arguments[index];
  }

  dnnl_memory_desc layout(int index) {
    return layouts[index];
  }

  /** Bytes that argument {@code index} takes. */
  long layoutBytes(int index) {
    return dnnl_memory_desc_get_size(layouts[index]);
  }

  /** Layout of the scratchpad; a view that this kernel owns. */
  dnnl_memory_desc scratchpadLayout() {
    return dnnl_primitive_desc_query_md(desc, dnnl_query_scratchpad_md, 0);
  }

  long scratchpadBytes() {
    return scratchpadBytes;
  }

  @Override
  public void close() {
    dnn.destroy(primitive);
    for (dnnl_memory_desc layout : layouts) {
      dnn.destroy(layout);
    }
    dnn.destroy(desc);
  }
}
