package org.conceptclip;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.DeviceException;
import org.conceptclip.backend.Precision;
import org.conceptclip.batch.BatcherOptions;
import org.conceptclip.batch.DeadlineExceededException;
import org.conceptclip.batch.EngineOptions;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.batch.OverloadedException;
import org.conceptclip.batch.ReplicasLostException;
import org.conceptclip.batch.RequestOptions;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Openings that fail half way, closing, interrupts and overload: nothing stays open and nothing hangs. */
@Timeout(60)
class ConceptClipFaultsTest {
  private static final Path XRAY = Path.of("examples/chest-xray-normal.png");

  private final FakeBackends backends = new FakeBackends();
  private final MeterRegistry registry = new SimpleMeterRegistry();
  private final List<String> notices = new ArrayList<>();

  @AfterEach
  void everythingWasClosed() throws InterruptedException {
    assertEquals(List.of(), registry.getMeters());
    // The timer's thread is told to end, and ends a moment later; so does a thread that still starts a backend that nobody wants.
    long until = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!threads().isEmpty() && System.nanoTime() < until) {
      Thread.sleep(1);
    }
    assertEquals(List.of(), threads(), "threads were left running");
    assertEquals(0, backends.open.get(), "backends or weights were left open");
  }

  @Test
  void aBackendThatDoesNotStartClosesTheOthers() {
    backends.refusedBackend = 3;
    assertThrows(BackendUnavailableException.class, () -> open(options().replicas(3)));
    assertEquals(3, backends.requests.size());
  }

  @Test
  void weightsThatDoNotFitCloseTheirBackendAndTheOthers() {
    backends.refusedWeights = 2;
    assertThrows(OutOfMemoryError.class, () -> open(options().replicas(2)));
    assertEquals(2, backends.requests.size());
  }

  @Test
  void aModelThatIsNotThereOrTextsThatDoNotFitLeaveNoBackendOpen() {
    assertThrows(BadInputException.class, () -> open(options().model(Path.of("no such folder"))));
    assertThrows(BadInputException.class, () -> open(options().maxTokens(100_000)));
    // Backends start meanwhile; that none is left open is checked after every test.
    assertTrue(backends.requests.size() <= 2, backends.requests.toString());
  }

  @Test
  void aModelThatCannotBeOpenedIsReportedWhileTheBackendStillStarts() {
    CountDownLatch told = new CountDownLatch(1);
    backends.beforeStart = () -> {
      try {
        assertTrue(told.await(20, TimeUnit.SECONDS), "opening waits for the backend's start");
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    };
    assertThrows(BadInputException.class, () -> open(options().model(Path.of("no such folder"))));
    told.countDown();
  }

  @Test
  void theBackendStartsWhileTheModelOpensAndAnInspectionMayRejectTheModel() {
    List<String> seen = new ArrayList<>();
    BadInputException rejection = new BadInputException("planted: not this model");
    ConceptClipOptions.Builder options = options().inspection(model -> {
      long until = System.nanoTime() + Duration.ofSeconds(20).toNanos();
      while (backends.started.get() == 0 && System.nanoTime() < until) {
        Thread.onSpinWait();
      }
      seen.add(model.name() + " while " + backends.started.get() + " backend started");
      throw rejection;
    });
    assertSame(rejection, assertThrows(BadInputException.class, () -> open(options)));
    assertEquals(List.of("demo while 1 backend started"), seen);
  }

  @Test
  void anEngineThatCannotOpenClosesEverything() {
    backends.beforeExecution = backend -> {
      throw new IllegalStateException("planted: warm-up fails");
    };
    EngineOptions warm = EngineOptions.builder().warmUp(true).build();
    assertThrows(IllegalStateException.class, () -> open(options().engine(warm).meters(registry)));
  }

  @Test
  void twoOfOneNameInARegistryAreRefused() {
    try (ConceptClip first = open(options().meters(registry))) {
      assertTrue(assertThrows(IllegalArgumentException.class, () -> open(options().meters(registry))).getMessage().contains("\"demo\""));
      open(options().meters(registry).name("second")).close();
      assertEquals(first.dimension(), first.embedImage(XRAY).length);
    }
  }

  @Test
  void afterClosingEveryCallSaysSo() {
    ConceptClip clip = open(options());
    Classifier classifier = clip.classifier(List.of("chest X-ray", "brain MRI"));
    clip.close();
    clip.close();
    List<Runnable> calls = List.of(
        () -> clip.embedImage(XRAY),
        () -> clip.embedImages(List.of(XRAY)),
        () -> clip.embedImages(Stream.of(XRAY)),
        () -> clip.submitImage(XRAY),
        () -> clip.imageTokens(XRAY),
        () -> clip.embedText("x"),
        () -> clip.embedTexts(List.of("x")),
        () -> clip.embedTexts(Stream.of("x")),
        () -> clip.submitText("x"),
        () -> clip.textTokens("x"),
        () -> clip.submitTextTokens("x", RequestOptions.DEFAULT),
        () -> clip.submitImageTokens(new ImageInput.File(XRAY), RequestOptions.DEFAULT),
        () -> clip.classifier(List.of("x")),
        () -> clip.similarity(XRAY, "x"),
        () -> clip.stageReport(),
        () -> classifier.classify(XRAY),
        () -> classifier.submit(new ImageInput.File(XRAY), RequestOptions.DEFAULT));
    for (Runnable call : calls) {
      String message = assertThrows(IllegalStateException.class, call::run).getMessage();
      assertTrue(message.startsWith("this ConceptClip (model demo on ") && message.endsWith(" is closed"), message);
    }
  }

  @Test
  void closingWaitsForWhatWasAccepted() {
    CompletableFuture<float[]> accepted;
    int dimension;
    try (ConceptClip clip = open(options())) {
      dimension = clip.dimension();
      accepted = clip.submitImage(XRAY);
    }
    assertTrue(accepted.isDone());
    assertEquals(dimension, accepted.join().length);
  }

  @Test
  void closingFromACallbackIsRefusedAndClosesNothing() {
    CountDownLatch gate = gate();
    try (ConceptClip clip = open(options())) {
      CompletableFuture<Void> closing = clip.submitImage(XRAY).thenRun(clip::close);
      gate.countDown();
      assertInstanceOf(IllegalStateException.class, assertThrows(CompletionException.class, closing::join).getCause());
      assertEquals(clip.dimension(), clip.embedImage(XRAY).length);
    }
  }

  @Test
  void overloadIsRefusedAtOnceAndWaitedFor() throws InterruptedException {
    CountDownLatch gate = gate();
    try (ConceptClip clip = open(options())) {
      List<CompletableFuture<float[]>> accepted = fill(clip);
      assertThrows(OverloadedException.class, () -> clip.submitText("x"));
      AtomicReference<Object> waited = new AtomicReference<>();
      Thread waiting = Thread.ofPlatform().start(() -> waited.set(clip.embedImage(XRAY)));
      awaitBlocked(waiting);
      assertNull(waited.get());
      gate.countDown();
      waiting.join();
      assertEquals(clip.dimension(), assertInstanceOf(float[].class, waited.get()).length);
      accepted.forEach(CompletableFuture::join);
    }
  }

  @Test
  void anInterruptEndsACallThatWaitsForRoomOrForItsResult() throws InterruptedException {
    CountDownLatch gate = gate();
    try (ConceptClip clip = open(options())) {
      interrupted(() -> clip.embedImage(XRAY));
      interrupted(() -> clip.similarity(XRAY, "x"));
      fill(clip);
      interrupted(() -> clip.embedText("x"));
      interrupted(() -> clip.embedImages(List.of(XRAY, XRAY)));
      gate.countDown();
      assertEquals(clip.dimension(), clip.embedText("x").length);
    }
  }

  @Test
  void cancellingAFutureMakesRoom() throws InterruptedException {
    CountDownLatch gate = gate();
    EngineOptions roomy = EngineOptions.builder().warmUp(false).batching(new BatcherOptions(Duration.ZERO, 8)).build();
    try (ConceptClip clip = open(options().engine(roomy))) {
      fill(clip).forEach(future -> future.cancel(false));
      // No device gets on, so room can only come from what was cancelled before a device began it.
      CompletableFuture<float[]> next = null;
      while (next == null) {
        try {
          next = clip.submitImage(XRAY);
        } catch (OverloadedException e) {
          Thread.sleep(1);
        }
      }
      gate.countDown();
      assertEquals(clip.dimension(), next.join().length);
    }
  }

  @Test
  void aTimeoutEndsARequestThatNoDeviceBegan() {
    CountDownLatch gate = gate();
    try (ConceptClip clip = open(options())) {
      fill(clip);
      RequestOptions brief = RequestOptions.DEFAULT.withTimeout(Duration.ofMillis(5));
      try (Stream<Outcome<Path, float[]>> outcomes = clip.embedImages(Stream.of(XRAY), ImageInput.File::new, brief)) {
        assertInstanceOf(DeadlineExceededException.class, outcomes.toList().getFirst().failureOrNull());
      }
      assertThrows(DeadlineExceededException.class, () -> clip.embedImage(new ImageInput.File(XRAY), brief));
      assertThrows(DeadlineExceededException.class, () -> clip.embedText("x", brief));
      gate.countDown();
    }
  }

  @Test
  void aLostDeviceIsDoneWithoutAndWithoutAnyCallsSaySo() {
    AtomicInteger lost = new AtomicInteger(1);
    backends.beforeExecution = backend -> {
      if (backend <= lost.get()) {
        throw new DeviceException(DeviceException.Kind.LOST, "planted: device " + backend + " is gone", null);
      }
    };
    try (ConceptClip clip = open(options().replicas(2).meters(registry))) {
      List<float[]> vectors = clip.embedImages(IntStream.range(0, 40).mapToObj(i -> XRAY).toList());
      assertEquals(40, vectors.size());
      assertEquals(1, registry.get("conceptclip.replicas").gauge().value());
      lost.set(2);
      assertThrows(RuntimeException.class, () -> clip.embedImage(XRAY));
      ReplicasLostException refusal = assertThrows(ReplicasLostException.class, () -> clip.embedImage(XRAY));
      assertTrue(refusal.getCause().getMessage().contains("device 2"), refusal.getCause().toString());
      assertThrows(ReplicasLostException.class, () -> clip.submitText("x"));
      assertThrows(ReplicasLostException.class, () -> clip.embedImages(Stream.of(XRAY)).toList());
      assertEquals(0, registry.get("conceptclip.replicas").gauge().value());
    }
  }

  @Test
  void replicasAreOfOneKindAndNotAsManyOnTheCpuAsThereAreDevices() {
    try (ConceptClip clip = open(options().backend("auto").devices(0, 1, 2).replicas(2))) {
      assertTrue(clip.description().contains("2 replicas"), clip.description());
    }
    assertEquals(List.of(0, 0), backends.requests.stream().map(BackendRequest::device).toList());
    assertEquals(1, notices.stream().filter(notice -> notice.startsWith("backend cpu: ")).count(), notices.toString());

    backends.requests.clear();
    open(options().backend("cuda").devices(3, 1).replicas(2)).close();
    assertEquals(List.of(3, 1, 3, 1), backends.requests.stream().map(BackendRequest::device).toList());
  }

  @Test
  void optionsAreChecked() {
    assertThrows(IllegalArgumentException.class, () -> options().devices().build());
    assertThrows(IllegalArgumentException.class, () -> options().devices(1, 1).build());
    assertThrows(IllegalArgumentException.class, () -> options().devices(-1).build());
    assertThrows(IllegalArgumentException.class, () -> options().replicas(0).build());
    assertThrows(IllegalArgumentException.class, () -> options().threads(-1).build());
  }

  @Test
  void changedOptionsKeepTheOthers() {
    ConceptClipOptions all = options()
        .model("synthetic:tiny")
        .name("n")
        .precision(Precision.BF16)
        .threads(3)
        .devices(2, 4)
        .replicas(5)
        .backendOption("cuda-libs", "libraries")
        .maxTokens(20)
        .meters(registry)
        .inspection(model -> notices.add(model.name()))
        .build();
    assertEquals(all, all.toBuilder().build());
    assertEquals(all, all.toBuilder().replicas(6).build().toBuilder().replicas(5).build());
  }

  private static List<String> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("conceptclip-"))
        .toList();
  }

  private ConceptClipOptions.Builder options() {
    return ConceptClipOptions.builder()
        .backend("cpu")
        .engine(EngineOptions.builder().warmUp(false).build())
        .notices(notices::add);
  }

  private ConceptClip open(ConceptClipOptions.Builder options) {
    return ConceptClip.open(options.build(), backends.all());
  }

  /** Until it is counted down, no device gets on. */
  private CountDownLatch gate() {
    CountDownLatch gate = new CountDownLatch(1);
    backends.beforeExecution = backend -> {
      try {
        // Longer than a test may take; a failing test closes with the gate shut, and must not wait for it for good.
        gate.await(70, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        throw new IllegalStateException("the device's thread was interrupted", e);
      }
    };
    return gate;
  }

  /** Images until one is refused. */
  private static List<CompletableFuture<float[]>> fill(ConceptClip clip) {
    List<CompletableFuture<float[]>> accepted = new ArrayList<>();
    assertThrows(OverloadedException.class, () -> {
      while (accepted.size() < 10_000) {
        accepted.add(clip.submitImage(XRAY));
      }
    });
    assertFalse(accepted.isEmpty());
    return accepted;
  }

  private static void interrupted(Runnable call) throws InterruptedException {
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    AtomicInteger flag = new AtomicInteger();
    Thread caller = Thread.ofPlatform().start(() -> {
      try {
        call.run();
      } catch (Throwable failure) {
        thrown.set(failure);
        flag.set(Thread.currentThread().isInterrupted() ? 1 : 0);
      }
    });
    awaitBlocked(caller);
    caller.interrupt();
    caller.join();
    assertInstanceOf(InterruptedCallException.class, thrown.get());
    assertEquals(1, flag.get(), "the interrupt was lost");
  }

  private static void awaitBlocked(Thread thread) throws InterruptedException {
    while (thread.getState() != Thread.State.WAITING && thread.getState() != Thread.State.TIMED_WAITING) {
      Thread.sleep(1);
    }
  }
}
