package org.conceptclip.batch;

import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.conceptclip.ConceptClip;
import org.conceptclip.ConceptClipOptions;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;

/**
 * A program that serves requests while another part of it fills the heap again and again: its first argument says how often. Started by {@link
 * ScarceMemoryTest} with a small heap. Prints one line for each run, and ends with 1 if a request was told nothing, a close hung, or an
 * engine did not answer when there was memory again.
 */
public final class ScarceHost {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final int CALLERS = 4;

  private ScarceHost() {}

  /** @param arguments the number of runs, and an image file */
  public static void main(String[] arguments) throws Exception {
    byte[] image = Files.readAllBytes(Path.of(arguments[1]));
    int broken = 0;
    for (int run = 0; run < Integer.parseInt(arguments[0]); run++) {
      String outcome;
      try {
        outcome = run(image);
      } catch (OutOfMemoryError notOpened) {
        outcome = "ok, not opened";
      }
      broken += outcome.startsWith("ok") ? 0 : 1;
      System.out.println("run " + run + ": " + outcome);
    }
    // Not by return: a thread that hangs must not keep this program from ending.
    Runtime.getRuntime().halt(broken == 0 ? 0 : 1);
  }

  private static String run(byte[] image) throws InterruptedException {
    ConceptClip clip = ConceptClip.open(ConceptClipOptions.builder().backend("cpu").notices(notice -> { }).build());
    ImageInput decoded = new ImageInput.Pixels(HostTensor.allocate(Arena.ofAuto(), DType.U8, clip.imageSize(), clip.imageSize(), 3));
    AtomicBoolean over = new AtomicBoolean();
    ConcurrentLinkedQueue<CompletableFuture<float[]>> futures = new ConcurrentLinkedQueue<>();
    List<Thread> callers = new ArrayList<>();
    for (int i = 0; i < CALLERS; i++) {
      Supplier<CompletableFuture<float[]>> call = switch (i) {
        case 0 -> () -> clip.submitImage(decoded, RequestOptions.DEFAULT);
        case 1 -> () -> clip.submitText("a chest X-ray with an effusion", RequestOptions.DEFAULT);
        default -> () -> clip.submitImage(new ImageInput.Encoded(image, "image"), RequestOptions.DEFAULT);
      };
      callers.add(Thread.ofPlatform().daemon().name("caller-" + i).start(() -> submit(call, over, futures)));
    }
    int shortages = 0;
    for (int i = 0; i < 2; i++) {
      shortages += fill() ? 1 : 0;
      Thread.sleep(30);
    }
    over.set(true);
    for (Thread caller : callers) {
      caller.join(PATIENCE);
    }
    int failed = 0;
    for (CompletableFuture<float[]> future : futures) {
      try {
        future.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
      } catch (CompletionException e) {
        if (e.getCause() instanceof TimeoutException) {
          return "a request was told nothing; " + clip.stageReport().lines();
        }
        failed++;
      }
    }
    if (clip.embedImage(image).length != clip.dimension()) {
      return "a wrong answer";
    }
    Thread closing = Thread.ofPlatform().daemon().start(clip::close);
    if (!closing.join(PATIENCE)) {
      return "close() hangs";
    }
    return "ok, " + futures.size() + " requests, " + failed + " failed, " + shortages + " shortages";
  }

  private static void submit(
      Supplier<CompletableFuture<float[]>> call, AtomicBoolean over, ConcurrentLinkedQueue<CompletableFuture<float[]>> futures) {
    while (!over.get()) {
      try {
        futures.add(call.get());
        Thread.sleep(1);
      } catch (OverloadedException | OutOfMemoryError | InterruptedException turnedAway) {
        // Another one is submitted.
      }
    }
  }

  /** Takes all the memory that there is, in ever smaller pieces, and holds it for a moment. */
  private static boolean fill() throws InterruptedException {
    Object[] held = new Object[200_000];
    int count = 0;
    int size = 4 << 20;
    while (size >= 16 && count < held.length) {
      try {
        held[count] = new byte[size];
        count++;
      } catch (OutOfMemoryError full) {
        size /= 16;
      }
    }
    Thread.sleep(20);
    return held[0] != null;
  }
}
