package org.conceptclip.backend.cuda.driver.nvidia;

import static org.bytedeco.cuda.global.cudnn.*;

import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.javacpp.FloatPointer;
import org.conceptclip.backend.cuda.driver.AttentionCall;
import org.conceptclip.backend.cuda.driver.AttentionCall.Table;
import org.conceptclip.util.Closer;

/**
 * cuDNN's graph of one operation, scaled dot product attention, for one shape. Owns its descriptors. Not thread-safe.
 *
 * <p>Tensors are [sequences, heads, rows, head width] with the strides of our rows, so queries, keys and values are read where the product
 * before has put them. Sequences are ragged: tables on the device say where each begins and how long it is, and are no
 * part of the graph.
 */
final class CudnnAttention implements AutoCloseable {
  private static final long Q = 1;
  private static final long K = 2;
  private static final long V = 3;
  private static final long OUT = 4;
  private static final long SCALE = 5;
  private static final long ROWS = 6;
  private static final long KEYS = 7;
  private static final long QKV_OFFSETS = 8;
  private static final long OUT_OFFSETS = 9;
  private static final long ALIGNMENT_BYTES = 16;

  final CudnnDescriptor graph;
  private final CudnnStatus status;
  private final AttentionCall.Shape shape;
  private final Closer owned = new Closer();
  private final FloatPointer scale;

  CudnnAttention(CudnnStatus status, cudnnContext handle, AttentionCall.Shape shape) {
    this.status = status;
    this.shape = shape;
    this.scale = owned.own(new FloatPointer(1).put((float) (1 / Math.sqrt(shape.headWidth()))));
    try {
      graph = descriptor(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR, "graph of attention")
          .handle(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, handle)
          .descriptors(CUDNN_ATTR_OPERATIONGRAPH_OPS, operation())
          .finalised();
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
  }

  private CudnnDescriptor operation() {
    CudnnDescriptor qkvOffsets = numbers(QKV_OFFSETS, shape.sequences() + 1L);
    CudnnDescriptor outOffsets = numbers(OUT_OFFSETS, shape.sequences() + 1L);
    return descriptor(CUDNN_BACKEND_OPERATION_SDPA_FWD_DESCRIPTOR, "attention")
        .descriptors(CUDNN_ATTR_OPERATION_SDPA_FWD_QDESC, rows(Q, shape.qkvPitch(), qkvOffsets))
        .descriptors(CUDNN_ATTR_OPERATION_SDPA_FWD_KDESC, rows(K, shape.qkvPitch(), qkvOffsets))
        .descriptors(CUDNN_ATTR_OPERATION_SDPA_FWD_VDESC, rows(V, shape.qkvPitch(), qkvOffsets))
        .descriptors(CUDNN_ATTR_OPERATION_SDPA_FWD_ODESC, rows(OUT, shape.outPitch(), outOffsets))
        .descriptors(CUDNN_ATTR_OPERATION_SDPA_FWD_SCALEDESC,
            tensor(SCALE, CUDNN_DATA_FLOAT, new long[] {1}, new long[] {1}).yes(CUDNN_ATTR_TENSOR_IS_BY_VALUE).finalised())
        .descriptors(CUDNN_ATTR_OPERATION_SDPA_FWD_SEQ_LEN_QDESC, numbers(ROWS, shape.sequences()))
        .descriptors(CUDNN_ATTR_OPERATION_SDPA_FWD_SEQ_LEN_KVDESC, numbers(KEYS, shape.sequences()))
        .finalised();
  }

  private CudnnDescriptor rows(long id, long pitch, CudnnDescriptor offsets) {
    return tensor(id, CUDNN_DATA_HALF,
        new long[] {shape.sequences(), shape.heads(), shape.maxRows(), shape.headWidth()},
        new long[] {shape.maxRows() * pitch, shape.headWidth(), pitch, 1})
        .descriptors(CUDNN_ATTR_TENSOR_RAGGED_OFFSET_DESC, offsets)
        .finalised();
  }

  private CudnnDescriptor numbers(long id, long count) {
    return tensor(id, CUDNN_DATA_INT32, new long[] {count, 1, 1, 1}, new long[] {1, 1, 1, 1}).finalised();
  }

  private CudnnDescriptor tensor(long id, int type, long[] extents, long[] strides) {
    return descriptor(CUDNN_BACKEND_TENSOR_DESCRIPTOR, "tensor " + id)
        .number(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, type)
        .longs(CUDNN_ATTR_TENSOR_DIMENSIONS, extents)
        .longs(CUDNN_ATTR_TENSOR_STRIDES, strides)
        .longs(CUDNN_ATTR_TENSOR_UNIQUE_ID, id)
        .longs(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, ALIGNMENT_BYTES);
  }

  private CudnnDescriptor descriptor(int type, String name) {
    return owned.own(new CudnnDescriptor(status, type, name));
  }

  /** The addresses of a call's tensors. The caller closes it. */
  CudnnDescriptor addresses(AttentionCall call, long workspace) {
    long width = (long) shape.width() * Short.BYTES;
    long[] ids = {Q, K, V, OUT, SCALE, ROWS, KEYS, QKV_OFFSETS, OUT_OFFSETS};
    long[] addresses = {call.qkv(), call.qkv() + width, call.qkv() + 2 * width, call.out(), scale.address(), call.table(Table.ROWS),
        call.table(Table.KEYS), call.table(Table.QKV_OFFSETS), call.table(Table.OUT_OFFSETS)};
    CudnnDescriptor pack = new CudnnDescriptor(status, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, "addresses of attention");
    try {
      pack.longs(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, ids);
      pack.addresses(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, addresses);
      return pack.addresses(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, workspace).finalised();
    } catch (RuntimeException e) {
      try (pack) {
        throw e;
      }
    }
  }

  @Override
  public void close() {
    owned.close();
  }
}
