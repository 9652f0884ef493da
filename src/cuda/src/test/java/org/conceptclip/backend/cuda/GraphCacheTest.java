package org.conceptclip.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.conceptclip.backend.DeviceException;
import org.conceptclip.backend.OnEmulator;
import org.conceptclip.backend.cuda.ForwardingDriver.Call;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Work is run, then captured, then launched; what was used longest ago is given back. */
@OnEmulator
class GraphCacheTest {
  private final CountingDriver driver = new CountingDriver(SmallModel.device());
  private final GraphCache graphs = new GraphCache(driver, 2);
  private long stream;
  private long memory;

  @BeforeEach
  void open() {
    stream = driver.createStream();
    memory = driver.allocate(1024);
  }

  @AfterEach
  void close() {
    graphs.close();
    driver.synchronize(stream);
    driver.free(memory);
    driver.destroyStream(stream);
    assertEquals(0, driver.liveObjects());
    driver.close();
  }

  private void run(long bytes) {
    graphs.run(List.of(new Recorder.Command.Zero(memory, bytes)), stream, () -> driver.fill(memory, (byte) 0, bytes, stream));
  }

  private long calls(Call call) {
    return driver.calls().getOrDefault(call, 0L);
  }

  @Test
  void thirdTimeIsOneLaunch() {
    run(8);
    assertEquals(0, graphs.size());
    assertEquals(0, calls(Call.BEGIN_CAPTURE));
    run(8);
    assertEquals(1, graphs.size());
    assertEquals(1, calls(Call.LAUNCH_GRAPH));
    driver.reset();
    run(8);
    assertEquals(1, calls(Call.LAUNCH_GRAPH));
    assertEquals(0, calls(Call.FILL));
  }

  @Test
  void leastRecentlyUsedGoesWhenTheStreamIsIdle() {
    for (long bytes = 1; bytes <= 3; bytes++) {
      run(bytes);
      run(bytes);
    }
    run(1);
    assertEquals(3, graphs.size());
    assertEquals(0, calls(Call.DESTROY_GRAPH), "a graph may still be running");
    driver.synchronize(stream);
    graphs.trim();
    assertEquals(2, graphs.size());
    assertEquals(1, calls(Call.DESTROY_GRAPH));
    driver.reset();
    run(1);
    run(3);
    assertEquals(2, calls(Call.LAUNCH_GRAPH), "the two used last stay");
    run(2);
    assertEquals(1, calls(Call.FILL), "what went is new again");
  }

  @Test
  void workThatNeverComesAgainDropsNoGraph() {
    run(1);
    run(1);
    for (long bytes = 2; bytes <= 50; bytes++) {
      run(bytes);
      driver.synchronize(stream);
      graphs.trim();
    }
    driver.reset();
    run(1);
    assertEquals(1, calls(Call.LAUNCH_GRAPH));
    assertEquals(0, calls(Call.FILL));
    run(2);
    assertEquals(1, calls(Call.FILL), "it is not remembered for good either");
  }

  @Test
  void failedCaptureLeavesTheStreamUsable() {
    run(8);
    List<Recorder.Command> same = List.of(new Recorder.Command.Zero(memory, 8));
    assertThrows(DeviceException.class, () -> graphs.run(same, stream, () -> {
      throw new DeviceException(DeviceException.Kind.FAILED, "planted", null);
    }));
    assertEquals(0, graphs.size());
    driver.synchronize(stream);
    run(8);
    assertEquals(1, graphs.size());
  }
}
