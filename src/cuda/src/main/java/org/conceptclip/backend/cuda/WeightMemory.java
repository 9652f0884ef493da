package org.conceptclip.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.util.Closer;

/**
 * Device memory of prepared weights. Values are converted into pinned memory piece by piece and copied from there. Owns both memories.
 * Thread-safe: each thread that loads has a stream and a pinned piece of its own.
 */
final class WeightMemory implements AutoCloseable {
  private static final long SMALLEST_SLAB = 1L << 20;
  private static final long LARGEST_SLAB = 64L << 20;
  private static final long STAGING_BYTES = 4L << 20;
  private static final double LARGEST_HALF = 65504;

  private final CudaDriver driver;
  private final List<Long> slabs = new ArrayList<>();
  private final ArrayDeque<Stage> idleStages = new ArrayDeque<>();
  private final List<Stage> stages = new ArrayList<>();
  private long nextAddress;
  private long freeBytes;
  private long usedBytes;
  private boolean open = true;

  private record Stage(long stream, PinnedStaging pinned) {}

  WeightMemory(CudaDriver driver) {
    this.driver = driver;
  }

  /**
   * Copies a matrix to the device: [{@code rows}][{@code pitch}] with zeros behind the tensor's own rows and columns.
   *
   * @param name for messages
   * @return its address
   * @throws BadInputException if a value does not fit {@code type}
   */
  long put(String name, HostTensor tensor, DType type, long rows, long pitch) {
    long rowBytes = pitch * type.bytes();
    long address = take(rows * rowBytes);
    Stage stage = acquire();
    try {
      long rowsPerPiece = Math.max(1, STAGING_BYTES / rowBytes);
      for (long first = 0; first < rows; first += rowsPerPiece) {
        long count = Math.min(rowsPerPiece, rows - first);
        long given = Math.clamp(tensor.rows() - first, 0, count);
        MemorySegment piece = stage.pinned().take(count * rowBytes);
        Conversion.toDevice(tensor, first, given, piece, new Conversion.Rows(type, pitch));
        piece.asSlice(given * rowBytes).fill((byte) 0);
        if (type == DType.F16) {
          requireFinite(name, tensor, first, piece, given, pitch);
        }
        driver.copyToDevice(address + first * rowBytes, piece, stage.stream());
        driver.synchronize(stage.stream());
        stage.pinned().reset();
      }
    } finally {
      release(stage);
    }
    return address;
  }

  /** Copies a vector, with zeros up to {@code length}. */
  long put(String name, HostTensor vector, DType type, long length) {
    return put(name, vector.reshape(1, vector.shape().elements()), type, 1, length);
  }

  private static void requireFinite(
      String name, HostTensor tensor, long first, MemorySegment halves, long rows, long pitch) {
    long columns = tensor.columns();
    for (long row = 0; row < rows; row++) {
      for (long column = 0; column < columns; column++) {
        short half = halves.get(ValueLayout.JAVA_SHORT_UNALIGNED, (row * pitch + column) * Short.BYTES);
        if ((half & 0x7c00) == 0x7c00) {
          throw new BadInputException(name + ": element " + ((first + row) * columns + column) + " is "
              + tensor.getDouble((first + row) * columns + column) + ", the CUDA backend stores weights in fp16, which ends at "
              + LARGEST_HALF);
        }
      }
    }
  }

  private synchronized long take(long bytes) {
    requireOpen();
    long rounded = DeviceArena.rounded(bytes);
    if (freeBytes < rounded) {
      // Slabs grow with the model, so that a tiny one takes little and a large one few allocations.
      long slab = Math.max(Math.clamp(usedBytes, SMALLEST_SLAB, LARGEST_SLAB), rounded);
      nextAddress = driver.allocate(slab);
      freeBytes = slab;
      slabs.add(nextAddress);
    }
    long address = nextAddress;
    nextAddress += rounded;
    freeBytes -= rounded;
    usedBytes += rounded;
    return address;
  }

  private synchronized Stage acquire() {
    requireOpen();
    Stage idle = idleStages.pollLast();
    if (idle != null) {
      return idle;
    }
    Stage stage = new Stage(driver.createStream(), new PinnedStaging(driver));
    stages.add(stage);
    return stage;
  }

  private synchronized void release(Stage stage) {
    idleStages.addLast(stage);
  }

  private void requireOpen() {
    if (!open) {
      throw new IllegalStateException("this weight store is closed");
    }
  }

  /** Bytes of all weights, without the unused ends of slabs. */
  synchronized long usedBytes() {
    return usedBytes;
  }

  @Override
  public synchronized void close() {
    open = false;
    List<AutoCloseable> owned = new ArrayList<>();
    for (Stage stage : stages) {
      owned.add(() -> driver.destroyStream(stage.stream()));
      owned.add(stage.pinned());
    }
    slabs.forEach(slab -> owned.add(() -> driver.free(slab)));
    stages.clear();
    idleStages.clear();
    slabs.clear();
    usedBytes = 0;
    Closer.closeAll(owned);
  }
}
