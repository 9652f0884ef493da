package org.conceptclip.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.conceptclip.backend.Precision;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A checkpoint that is truncated or overwritten while it is loaded: an error, never the end of the JVM, and never mixed weights. */
class ChangingCheckpointTest {
  private static final int ROUNDS = 100;
  private static final long SEED = 20261127;

  @TempDir Path folder;

  @Test
  @Timeout(180)
  void changingAFileWhileItIsLoadedIsAnErrorAndNoCrash() throws IOException, InterruptedException {
    // In a process of its own: what this is about ends the JVM.
    Path output = folder.resolve("output.txt");
    Process process = new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m", "-XX:-UsePerfData",
            "--enable-native-access=ALL-UNNAMED", "-XX:ErrorFile=" + folder.resolve("hs_err.log"), "-XX:-CreateCoredumpOnCrash", "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            LoadWhileChanging.class.getName(), folder.toString(), String.valueOf(ROUNDS), String.valueOf(SEED))
        .redirectErrorStream(true)
        .redirectOutput(output.toFile())
        .start();
    try {
      assertTrue(process.waitFor(150, TimeUnit.SECONDS), "the process does not end");
      String said = Files.readString(output, StandardCharsets.UTF_8);
      assertEquals(3, process.exitValue(), said);
      try (Stream<Path> files = Files.list(folder)) {
        assertFalse(files.anyMatch(file -> file.getFileName().toString().startsWith("hs_err")), said);
      }
      String[] counts = said.strip().lines().reduce((first, second) -> second).orElseThrow().split(" ");
      // Both outcomes must occur, or the moments of the changes prove nothing.
      assertTrue(Integer.parseInt(counts[0]) >= 5 && Integer.parseInt(counts[1]) >= 15, said);
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  /** Loads a model again and again while another thread changes its file. Exits with 3 if every load ended or was refused. */
  static final class LoadWhileChanging {
    private static final int DONE = 3;

    private LoadWhileChanging() {}

    public static void main(String[] arguments) throws Exception {
      Path folder = Path.of(arguments[0]);
      int rounds = Integer.parseInt(arguments[1]);
      Random random = new Random(Long.parseLong(arguments[2]));
      Path model = folder.resolve("model");
      try (OpenModel small = OpenModel.open("synthetic:small")) {
        small.write(model, DType.F32, false, n -> {});
      }
      Path weights = model.resolve("model.safetensors");
      Path sound = Files.copy(weights, folder.resolve("sound"));
      int[] outcomes = new int[2];
      try (CpuBackend backend = new CpuBackend(Precision.FP32, 2)) {
        long nanos = 0;
        for (int warmup = 0; warmup < 5; warmup++) {
          long start = System.nanoTime();
          loads(model, backend, null);
          nanos = System.nanoTime() - start;
        }
        for (int round = 0; round < rounds; round++) {
          Files.copy(sound, weights, StandardCopyOption.REPLACE_EXISTING);
          CountDownLatch loading = new CountDownLatch(1);
          long pause = (long) (random.nextDouble() * nanos);
          long length = (long) (random.nextDouble() * Files.size(weights));
          boolean refill = random.nextInt(4) == 0;
          Thread changing = new Thread(() -> change(weights, loading, pause, length, refill));
          changing.start();
          long start = System.nanoTime();
          boolean loaded = loads(model, backend, loading);
          outcomes[loaded ? 0 : 1]++;
          nanos = loaded ? System.nanoTime() - start : nanos;
          changing.join();
        }
      }
      System.out.println(outcomes[0] + " " + outcomes[1]);
      System.exit(DONE);
    }

    private static boolean loads(Path model, CpuBackend backend, CountDownLatch loadingOrNull) {
      try (OpenModel open = OpenModel.open(model.toString())) {
        if (loadingOrNull != null) {
          loadingOrNull.countDown();
        }
        try (Encoder loaded = open.load(backend)) {
          return loaded.embeddingWidth() > 0;
        }
      } catch (BadInputException e) {
        if (e.getMessage().lines().count() != 1 || !e.getMessage().contains("model.safetensors: ")) {
          throw e;
        }
        return false;
      } finally {
        if (loadingOrNull != null) {
          loadingOrNull.countDown();
        }
      }
    }

    /** Truncates the file, and now and then fills it up again, as copying another file over it does. */
    private static void change(Path weights, CountDownLatch loading, long pause, long length, boolean refill) {
      try {
        loading.await();
        LockSupport.parkNanos(pause);
        try (FileChannel file = FileChannel.open(weights, StandardOpenOption.WRITE)) {
          long bytes = file.size();
          file.truncate(length);
          if (refill) {
            file.write(ByteBuffer.allocate(1), bytes - 1);
          }
        }
      } catch (IOException | InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
