package org.conceptclip.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who gets memory when, who waits, and that nothing of it is lost. */
@Timeout(30)
class DecodeMemoryTest {
  /** Pictures: 48 MiB of heap, of which 8 are the reserve; files: 16. */
  private final DecodeMemory memory = new DecodeMemory(64 << 20, 64 << 20);

  private final BlockingQueue<LeaseQueue.Lease> granted = new LinkedBlockingQueue<>();
  private final List<Thread> threads = new ArrayList<>();

  @AfterEach
  void nothingIsLost() throws InterruptedException {
    for (Thread thread : threads) {
      thread.join(5000);
      assertFalse(thread.isAlive());
    }
    assertEquals(0, memory.leasedHeapBytes());
    assertEquals(0, memory.leasedNativeBytes());
    assertEquals(0, memory.waiting());
  }

  private void askElsewhere(long heap) throws InterruptedException {
    int before = memory.waiting();
    threads.add(Thread.ofPlatform().daemon().start(() -> granted.add(memory.lease(heap, 0, DecodeCheckpoint.NONE))));
    while (memory.waiting() == before && granted.isEmpty()) {
      Thread.sleep(1);
    }
  }

  private LeaseQueue.Lease next() throws InterruptedException {
    LeaseQueue.Lease lease = granted.poll(10, TimeUnit.SECONDS);
    assertTrue(lease != null, "nothing was granted");
    return lease;
  }

  @Test
  void countsWhatIsLeased() {
    try (LeaseQueue.Lease file = memory.leaseFile(1 << 20, DecodeCheckpoint.NONE);
        LeaseQueue.Lease picture = memory.lease(20 << 20, 30 << 20, DecodeCheckpoint.NONE)) {
      assertEquals(21 << 20, memory.leasedHeapBytes());
      assertEquals(30 << 20, memory.leasedNativeBytes());
      assertTrue(file != null && picture != null);
    }
    LeaseQueue.Lease once = memory.lease(1, 1, DecodeCheckpoint.NONE);
    once.close();
    assertThrows(IllegalStateException.class, once::close);
  }

  @Test
  void servesLargeOnesInTheirOrder() throws InterruptedException {
    LeaseQueue.Lease first = memory.lease(30 << 20, 0, DecodeCheckpoint.NONE);
    askElsewhere(25 << 20);
    askElsewhere(5 << 20);
    // The second would fit beside the first, but is not so small that it may overtake.
    assertEquals(2, memory.waiting());
    assertEquals(30 << 20, memory.leasedHeapBytes());
    first.close();
    next().close();
    next().close();
  }

  @Test
  void smallOnesDoNotWaitBehindHugeOnes() throws InterruptedException {
    LeaseQueue.Lease huge = memory.lease(memory.largestHeap(), memory.largestNative(), DecodeCheckpoint.NONE);
    askElsewhere(30 << 20);
    List<LeaseQueue.Lease> small = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      small.add(memory.lease(2 << 20, 2 << 20, DecodeCheckpoint.NONE));
    }
    // The reserve is used up, and the rest is for the large one that waits.
    askElsewhere(1 << 20);
    assertEquals(2, memory.waiting());
    huge.close();
    next().close();
    next().close();
    small.forEach(LeaseQueue.Lease::close);
  }

  @Test
  void whoWaitsCanBeStopped() {
    RuntimeException stop = new IllegalStateException("no longer wanted");
    LeaseQueue.Lease all = memory.lease(memory.largestHeap(), 0, DecodeCheckpoint.NONE);
    AtomicBoolean asked = new AtomicBoolean();
    Thread.currentThread().interrupt();
    try {
      assertSame(stop, assertThrows(IllegalStateException.class, () -> memory.lease(20 << 20, 0, () -> {
        if (asked.getAndSet(true)) {
          throw stop;
        }
      })));
    } finally {
      assertTrue(Thread.interrupted(), "the interrupt is not the lease's to answer");
    }
    all.close();
  }

  @Test
  void refusesWhatItNeverHas() {
    assertFalse(memory.canEverLease(memory.largestHeap() + 1, 0));
    assertFalse(memory.canEverLease(0, memory.largestNative() + 1));
    assertTrue(memory.canEverLease(memory.largestHeap(), memory.largestNative()));
    assertThrows(IllegalArgumentException.class, () -> memory.lease(memory.largestHeap() + 1, 0, DecodeCheckpoint.NONE));
    assertThrows(IllegalArgumentException.class, () -> memory.lease(-1, 0, DecodeCheckpoint.NONE));
    assertThrows(IllegalArgumentException.class, () -> new DecodeMemory(0, 1 << 20));
    assertThrows(IllegalArgumentException.class, () -> new DecodeMemory(1 << 20, 0));
    assertThrows(IllegalArgumentException.class, () -> DecodeMemory.ofBytes(100));
  }

  @Test
  void derivesItsDefaultFromTheMachine() {
    assertEquals(Runtime.getRuntime().maxMemory() / 2, DecodeMemory.ofProcess().heapBytes());
    assertTrue(DecodeMemory.ofProcess().nativeBytes() >= 128 << 20);
    DecodeMemory both = DecodeMemory.ofBytes(100 << 20);
    assertEquals(100 << 20, both.heapBytes() + both.nativeBytes());
    assertTrue(both.heapBytes() <= 50 << 20);
  }

  @Test
  void readsTheLeastLimitOfMachineAndContainer(@TempDir Path root) throws IOException {
    assertEquals(-1, MachineMemory.bytes(root));
    write(root, "proc/meminfo", "MemFree: 5 kB\nMemTotal:       8000000 kB\n");
    assertEquals(8_000_000L << 10, MachineMemory.bytes(root));
    write(root, "proc/self/cgroup", "0::/some/group\n");
    assertEquals(8_000_000L << 10, MachineMemory.bytes(root));
    write(root, "sys/fs/cgroup/some/group/memory.max", "max\n");
    write(root, "sys/fs/cgroup/some/memory.max", "3000000000\n");
    write(root, "sys/fs/cgroup/memory.max", "4000000000\n");
    assertEquals(3_000_000_000L, MachineMemory.bytes(root));
    write(root, "proc/self/cgroup", "7:cpu,memory:/docker/0123\n");
    write(root, "sys/fs/cgroup/memory/memory.limit_in_bytes", "2000000000\n");
    assertEquals(2_000_000_000L, MachineMemory.bytes(root));
  }

  private static void write(Path root, String file, String text) throws IOException {
    Path path = root.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }
}
