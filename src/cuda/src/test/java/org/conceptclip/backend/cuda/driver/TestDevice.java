package org.conceptclip.backend.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** A driver with a stream and blocks of memory on it, which all go back when it is closed. Values are float16 or float32. */
public final class TestDevice implements AutoCloseable {
  public final CudaDriver driver;
  public final long stream;
  private final Arena arena = Arena.ofShared();
  private final List<Long> blocks = new ArrayList<>();

  public TestDevice(CudaDriver driver) {
    this.driver = driver;
    this.stream = driver.createStream();
  }

  /** A block that nothing was written to. */
  public long block(long bytes) {
    long address = driver.allocate(bytes);
    blocks.add(address);
    return address;
  }

  public long floats(float... values) {
    return upload(hostFloats(values));
  }

  public long halves(float... values) {
    return upload(hostHalves(values));
  }

  private long upload(MemorySegment host) {
    long address = block(host.byteSize());
    driver.copyToDevice(address, host, stream);
    return address;
  }

  public MemorySegment hostFloats(float... values) {
    return arena.allocateFrom(ValueLayout.JAVA_FLOAT, values);
  }

  public MemorySegment hostHalves(float... values) {
    MemorySegment host = arena.allocate(2L * values.length, 2);
    for (int i = 0; i < values.length; i++) {
      host.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(values[i]));
    }
    return host;
  }

  /** Waits for the stream and answers what lies there. */
  public float[] readFloats(long address, int count) {
    return read(address, 4L * count).toArray(ValueLayout.JAVA_FLOAT);
  }

  public float[] readHalves(long address, int count) {
    MemorySegment host = read(address, 2L * count);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = Float.float16ToFloat(host.getAtIndex(ValueLayout.JAVA_SHORT, i));
    }
    return values;
  }

  public byte[] readBytes(long address, int count) {
    return read(address, count).toArray(ValueLayout.JAVA_BYTE);
  }

  private MemorySegment read(long address, long bytes) {
    MemorySegment host = arena.allocate(bytes, 8);
    driver.copyToHost(host, address, stream);
    driver.synchronize(stream);
    return host;
  }

  /** {@code layer_norm_f32} of one row, weight one and bias zero: out = (x - mean) / sqrt(variance + epsilon). */
  public KernelLaunch layerNorm(long x, long ones, long zeros, long out, int columns) {
    return launch(KernelIndex.forCapability(80).get("layer_norm_f32").arguments()
        .address("x", x).address("weight", ones).address("bias", zeros).address("out", out)
        .int32("rows", 1).int32("columns", columns).int32("xPitch", columns).int32("outPitch", columns)
        .float32("epsilon", 1e-6));
  }

  /** {@code l2_normalize_f32} of one row, in place. */
  public KernelLaunch l2Normalize(long x, int columns) {
    return launch(KernelIndex.forCapability(80).get("l2_normalize_f32").arguments().address("x", x).address("out", x)
        .int32("rows", 1).int32("columns", columns).int32("xPitch", columns).int32("outPitch", columns));
  }

  private KernelLaunch launch(KernelArguments filled) {
    Kernel kernel = filled.kernel();
    ByteBuffer struct = filled.toStruct();
    MemorySegment arguments = arena.allocate(struct.remaining(), 8).copyFrom(MemorySegment.ofBuffer(struct));
    return new KernelLaunch(kernel.name(), 1, 1, kernel.threads(), kernel.sharedBytes(), arguments);
  }

  @Override
  public void close() {
    driver.destroyStream(stream);
    blocks.forEach(driver::free);
    arena.close();
  }
}
