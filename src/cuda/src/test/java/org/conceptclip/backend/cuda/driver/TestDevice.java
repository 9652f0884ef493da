package org.conceptclip.backend.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** A driver with a stream and blocks of memory on it, which all go back when it is closed. Values are float16 or float32. */
final class TestDevice implements AutoCloseable {
  final CudaDriver driver;
  final long stream;
  private final Arena arena = Arena.ofShared();
  private final List<Long> blocks = new ArrayList<>();

  TestDevice(CudaDriver driver) {
    this.driver = driver;
    this.stream = driver.createStream();
  }

  /** A block that nothing was written to. */
  long block(long bytes) {
    long address = driver.allocate(bytes);
    blocks.add(address);
    return address;
  }

  long floats(float... values) {
    return upload(hostFloats(values));
  }

  long halves(float... values) {
    return upload(hostHalves(values));
  }

  private long upload(MemorySegment host) {
    long address = block(host.byteSize());
    driver.copyToDevice(address, host, stream);
    return address;
  }

  MemorySegment hostFloats(float... values) {
    return arena.allocateFrom(ValueLayout.JAVA_FLOAT, values);
  }

  MemorySegment hostHalves(float... values) {
    MemorySegment host = arena.allocate(2L * values.length, 2);
    for (int i = 0; i < values.length; i++) {
      host.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(values[i]));
    }
    return host;
  }

  /** Waits for the stream and answers what lies there. */
  float[] readFloats(long address, int count) {
    return read(address, 4L * count).toArray(ValueLayout.JAVA_FLOAT);
  }

  float[] readHalves(long address, int count) {
    MemorySegment host = read(address, 2L * count);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = Float.float16ToFloat(host.getAtIndex(ValueLayout.JAVA_SHORT, i));
    }
    return values;
  }

  byte[] readBytes(long address, int count) {
    return read(address, count).toArray(ValueLayout.JAVA_BYTE);
  }

  private MemorySegment read(long address, long bytes) {
    MemorySegment host = arena.allocate(bytes, 8);
    driver.copyToHost(host, address, stream);
    driver.synchronize(stream);
    return host;
  }

  /** {@code layer_norm_f32} of one row, weight one and bias zero: out = (x - mean) / sqrt(variance + epsilon). */
  KernelLaunch layerNorm(long x, long ones, long zeros, long out, int columns) {
    return layerNorm("layer_norm_f32", 128, x, ones, zeros, out, columns);
  }

  KernelLaunch layerNorm(String kernel, int threads, long x, long ones, long zeros, long out, int columns) {
    MemorySegment arguments = arena.allocate(56, 8);
    long[] addresses = {x, ones, zeros, out};
    int[] sizes = {1, columns, columns, columns};
    for (int i = 0; i < addresses.length; i++) {
      arguments.setAtIndex(ValueLayout.JAVA_LONG, i, addresses[i]);
    }
    for (int i = 0; i < sizes.length; i++) {
      arguments.setAtIndex(ValueLayout.JAVA_INT, 8 + i, sizes[i]);
    }
    arguments.setAtIndex(ValueLayout.JAVA_FLOAT, 12, 1e-6f);
    return new KernelLaunch(kernel, 1, 1, 1, threads, 0, arguments);
  }

  @Override
  public void close() {
    driver.destroyStream(stream);
    blocks.forEach(driver::free);
    arena.close();
  }
}
