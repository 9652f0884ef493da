package org.conceptclip.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.conceptclip.backend.cuda.driver.AttentionCall;
import org.conceptclip.backend.cuda.driver.Kernel;
import org.conceptclip.backend.cuda.driver.KernelArguments;
import org.conceptclip.backend.cuda.driver.KernelLaunch;
import org.conceptclip.backend.cuda.driver.MatmulCall;

/**
 * The work of one stream: ops append commands, {@link #flush} gives them to the device at once. Not thread-safe.
 *
 * <p>Small tables that kernels read (token ids, sequences, tiles) are collected on the host under addresses that they will have on
 * the device; a flush copies all of them in one piece. Their content is not part of the commands, so another batch of the same
 * shapes is the same work and runs as the same graph.
 */
final class Recorder {
  private static final String TABLES = "cuda.tables";
  private static final long SMALLEST_TABLES = 16 << 10;

  /** CUDA's limit before CUDA 12.1. */
  private static final long LARGEST_ARGUMENTS = 4096;

  private final Lane lane;
  private final List<Command> commands = new ArrayList<>();
  private final Set<Range> touched = new HashSet<>();
  private final Map<Object, Long> tableAddresses = new HashMap<>();
  private final MemorySegment argumentBlock = Arena.ofAuto().allocate(LARGEST_ARGUMENTS, 64);
  private MemorySegment tables = Arena.ofAuto().allocate(SMALLEST_TABLES);
  private long tableBytes;
  private boolean underWay;

  /** One piece of recorded device work. Equal commands do the same to the same memory. */
  sealed interface Command {
    /**
     * A kernel's launch.
     *
     * @param arguments the struct's bytes; they do not change any more
     */
    record Launch(Kernel kernel, int blocksX, int blocksY, ByteBuffer arguments) implements Command {}

    record Product(MatmulCall product) implements Command {}

    record Attention(AttentionCall call) implements Command {}

    /** Sets {@code bytes} bytes at {@code address} to zero. */
    record Zero(long address, long bytes) implements Command {}
  }

  private record Range(long first, long end) {}

  Recorder(Lane lane) {
    this.lane = lane;
  }

  /**
   * Appends a kernel's launch over so many items in each direction, see {@link Kernel#blocksX}.
   *
   * @param used everything of the workspace that it reads or writes
   */
  void launch(KernelArguments arguments, long itemsX, long itemsY, DeviceTensor... used) {
    Kernel kernel = arguments.kernel();
    commands.add(new Command.Launch(kernel, kernel.blocksX(itemsX), kernel.blocksY(itemsY), arguments.toStruct()));
    touch(used);
  }

  /**
   * Appends the launch of a persistent kernel, whose blocks take tiles until none is left: one block per multiprocessor, or per tile where
   * there are fewer tiles.
   */
  void launchPersistent(KernelArguments arguments, long tiles, DeviceTensor... used) {
    int blocks = (int) Math.min(tiles, lane.driver.device().multiprocessors());
    commands.add(new Command.Launch(arguments.kernel(), blocks, 1, arguments.toStruct()));
    touch(used);
  }

  /** Appends a matrix product. */
  void multiply(MatmulCall product, DeviceTensor... used) {
    commands.add(new Command.Product(product));
    touch(used);
  }

  /** Appends attention through a library. */
  void attend(AttentionCall call, DeviceTensor... used) {
    commands.add(new Command.Attention(call));
    touch(used);
  }

  /** Appends setting a tensor to zero. */
  void zero(DeviceTensor tensor) {
    commands.add(new Command.Zero(tensor.address(), tensor.byteSize()));
    touch(tensor);
  }

  private void touch(DeviceTensor... used) {
    for (DeviceTensor tensor : used) {
      touched.add(new Range(tensor.address(), tensor.address() + tensor.byteSize()));
    }
  }

  /** Whether recorded work, not yet given to the device, reads or writes any of this. */
  boolean pendingOn(DeviceTensor tensor) {
    long first = tensor.address();
    long end = first + tensor.byteSize();
    return touched.stream().anyMatch(range -> range.first() < end && first < range.end());
  }

  /**
   * Device address of a table, for the command that is appended next. A command can use only one table: making room for a second one
   * might flush the first.
   *
   * @param key equal keys have equal content until the next flush
   */
  long table(Object key, Supplier<ByteBuffer> content) {
    Long known = tableAddresses.get(key);
    if (known != null) {
      return known;
    }
    ByteBuffer bytes = content.get();
    if (tables.byteSize() - tableBytes < bytes.remaining()) {
      flush();
      if (tables.byteSize() < bytes.remaining()) {
        tables = Arena.ofAuto().allocate(DeviceArena.rounded(2L * bytes.remaining()));
      }
    }
    long address = lane.arena.address(TABLES, tables.byteSize()) + tableBytes;
    MemorySegment.copy(MemorySegment.ofBuffer(bytes), 0, tables, tableBytes, bytes.remaining());
    tableBytes += DeviceArena.rounded(bytes.remaining());
    tableAddresses.put(key, address);
    return address;
  }

  /** Gives all recorded work to the stream, without waiting for it. */
  void flush() {
    if (commands.isEmpty()) {
      // There may be tables whose command was never appended.
      discard();
      return;
    }
    underWay = true;
    try {
      if (tableBytes > 0) {
        MemorySegment pinned = lane.staging.take(tableBytes).copyFrom(tables.asSlice(0, tableBytes));
        lane.driver.copyToDevice(lane.arena.address(TABLES, tables.byteSize()), pinned, lane.stream);
      }
      lane.turn.compute(() -> lane.graphs.run(commands, lane.stream, this::runPieceByPiece));
    } finally {
      discard();
    }
  }

  /** Whether the stream may still have work that was flushed. */
  boolean underWay() {
    return underWay;
  }

  /** Notes that the stream is idle. */
  void idle() {
    underWay = false;
  }

  /** Forgets what was recorded and not flushed. */
  void discard() {
    commands.clear();
    touched.clear();
    tableAddresses.clear();
    tableBytes = 0;
  }

  private void runPieceByPiece() {
    for (Command command : commands) {
      switch (command) {
        case Command.Launch launch -> lane.driver.launch(launch(launch), lane.stream);
        case Command.Product product -> lane.driver.matmul(product.product(), lane.stream);
        case Command.Attention attention -> lane.driver.attention(attention.call(), lane.stream);
        case Command.Zero zero -> lane.driver.fill(zero.address(), (byte) 0, zero.bytes(), lane.stream);
      }
    }
  }

  private KernelLaunch launch(Command.Launch launch) {
    MemorySegment struct = MemorySegment.ofBuffer(launch.arguments());
    Kernel kernel = launch.kernel();
    return new KernelLaunch(kernel.name(), launch.blocksX(), launch.blocksY(), kernel.threads(), kernel.sharedBytes(),
        argumentBlock.asSlice(0, struct.byteSize()).copyFrom(struct));
  }
}
