package org.conceptclip.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.conceptclip.backend.reference.ReferenceBackend;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which provider is asked for what, in which order, and what becomes of refusals. */
class BackendsTest {
  private final List<String> asked = new ArrayList<>();
  private final Fake fast = new Fake("fast", OptionalInt.of(9), true, Set.of("libraries"));
  private final Fake slow = new Fake("slow", OptionalInt.of(1), false, Set.of());
  private final Fake exact = new Fake("exact", OptionalInt.empty(), false, Set.of());
  private final Backends backends = new Backends(List.of(exact, slow, fast));

  private final class Fake implements BackendProvider {
    final String name;
    final OptionalInt rank;
    final boolean devices;
    final Set<String> options;
    RuntimeException refusal;
    LinkageError missing;
    BackendRequest request;

    Fake(String name, OptionalInt rank, boolean devices, Set<String> options) {
      this.name = name;
      this.rank = rank;
      this.devices = devices;
      this.options = options;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public OptionalInt automaticRank() {
      return rank;
    }

    @Override
    public boolean hasDevices() {
      return devices;
    }

    @Override
    public Set<String> options() {
      return options;
    }

    @Override
    public Backend open(BackendRequest request) {
      asked.add(name);
      this.request = request;
      if (refusal != null) {
        throw refusal;
      }
      if (missing != null) {
        throw missing;
      }
      return new ReferenceBackend();
    }
  }

  @Test
  void autoTakesTheHighestRankThatStartsAndSaysWhyTheOthersDeclined() {
    backends.open("auto", BackendRequest.DEFAULT).backend().close();
    assertEquals(List.of("fast"), asked);
    asked.clear();
    fast.refusal = new BackendUnavailableException("no such device");
    Backends.Choice choice = backends.open("auto", BackendRequest.DEFAULT.withDevice(3));
    choice.backend().close();
    assertEquals(List.of("fast", "slow"), asked);
    assertSame(slow, choice.provider());
    assertEquals(3, fast.request.device());
    assertEquals(0, slow.request.device(), "a device's number means nothing to a backend without devices");
    String note = choice.note().orElseThrow();
    assertTrue(note.startsWith("backend slow: ") && note.endsWith("; not fast: no such device"), note);
  }

  @Test
  void autoGoesOnPastWhatABackendNeverDoes() {
    fast.refusal = new UnsupportedRequestException("precision bf16: the fast backend computes in fp16 only");
    Backends.Choice choice = backends.open("auto", BackendRequest.DEFAULT.withPrecision(Precision.BF16));
    choice.backend().close();
    assertTrue(choice.note().orElseThrow().contains("; not fast: precision bf16"), choice.note().orElseThrow());
  }

  @Test
  void whenAllDeclineEachReasonIsTold() {
    fast.refusal = new BackendUnavailableException("no such device");
    slow.refusal = new UnsupportedRequestException("precision fp16: the slow backend computes in fp32 only");
    String unsupported =
        assertThrows(UnsupportedRequestException.class, () -> backends.open("auto", BackendRequest.DEFAULT)).getMessage();
    assertTrue(unsupported.startsWith("precision fp16: ") && unsupported.contains("; not fast: no such device"), unsupported);
    slow.refusal = new BackendUnavailableException("no library");
    String unavailable =
        assertThrows(BackendUnavailableException.class, () -> backends.open("auto", BackendRequest.DEFAULT)).getMessage();
    assertTrue(unavailable.contains("; not fast: no such device; not slow: no library"), unavailable);
  }

  @Test
  void aNamedBackendIsNotReplacedByAnother() {
    fast.refusal = new BackendUnavailableException("no such device");
    assertThrows(BackendUnavailableException.class, () -> backends.open("fast", BackendRequest.DEFAULT));
    assertEquals(List.of("fast"), asked);
    Backends.Choice choice = backends.open("exact", BackendRequest.DEFAULT);
    choice.backend().close();
    assertEquals(Optional.empty(), choice.note());
    String unknown = assertThrows(UnsupportedRequestException.class, () -> backends.open("tpu", BackendRequest.DEFAULT)).getMessage();
    assertEquals("backend tpu: expected auto, fast, slow, exact", unknown);
  }

  @Test
  void optionsBelongToBackends() {
    BackendRequest request = BackendRequest.DEFAULT.withOption("libraries", "/folder");
    Backends.Choice choice = backends.open("fast", request);
    choice.backend().close();
    assertEquals(Map.of("libraries", "/folder"), choice.own(request.options()));
    String foreign = assertThrows(UnsupportedRequestException.class, () -> backends.open("slow", request)).getMessage();
    assertEquals("libraries: the slow backend has no such option; it belongs to fast", foreign);
    BackendRequest unknown = BackendRequest.DEFAULT.withOption("colour", "red");
    assertThrows(UnsupportedRequestException.class, () -> backends.open("auto", unknown));
    fast.refusal = new BackendUnavailableException("no such device");
    Backends.Choice instead = backends.open("auto", request);
    instead.backend().close();
    assertEquals("slow", instead.provider().name());
    assertEquals(Map.of(), instead.own(request.options()));
  }

  @Test
  void withoutABackendModuleTheAdviceIsToAddOne() {
    String refusal = assertThrows(
        BackendUnavailableException.class, () -> new Backends(List.of(exact)).open("auto", BackendRequest.DEFAULT)).getMessage();
    assertTrue(refusal.contains("conceptclip-cpu") && refusal.contains("META-INF/services"), refusal);
  }

  /** A provider that needs a class that is not on the class path, as one whose library was left out does. */
  public static final class WithoutItsLibrary implements BackendProvider {
    public WithoutItsLibrary() {
      throw new NoClassDefFoundError("org/absent/Library");
    }

    @Override
    public String name() {
      return "never";
    }

    @Override
    public OptionalInt automaticRank() {
      return OptionalInt.of(1000);
    }

    @Override
    public Backend open(BackendRequest request) {
      throw new AssertionError();
    }
  }

  @Test
  void aBackendWhoseLibraryIsMissingDeclines() {
    fast.missing = new NoClassDefFoundError("org/absent/Library");
    String reason = "the fast backend cannot be loaded: java.lang.NoClassDefFoundError: org/absent/Library";
    Backends.Choice choice = backends.open("auto", BackendRequest.DEFAULT);
    choice.backend().close();
    assertTrue(choice.note().orElseThrow().endsWith("; not fast: " + reason), choice.note().orElseThrow());
    assertEquals(reason,
        assertThrows(BackendUnavailableException.class, () -> backends.open("fast", BackendRequest.DEFAULT)).getMessage());
    assertEquals(new BackendProvider.Status("fast", false, reason.substring("the fast backend ".length())), backends.probe(BackendRequest.DEFAULT).getFirst());
  }

  @Test
  void aProviderThatCannotBeLoadedKeepsNoOtherAwayAndIsTold(@TempDir Path folder) throws Exception {
    Path services = Files.createDirectories(folder.resolve("META-INF/services"));
    Files.writeString(services.resolve(BackendProvider.class.getName()),
        "org.absent.Provider\n" + WithoutItsLibrary.class.getName() + "\n" + Declining.class.getName());
    try (URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()}, Backends.class.getClassLoader())) {
      Backends found = Backends.discovered(loader);
      found.open("reference", BackendRequest.DEFAULT).backend().close();
      String none = assertThrows(BackendUnavailableException.class, () -> found.open("auto", BackendRequest.DEFAULT)).getMessage();
      String unknown = assertThrows(UnsupportedRequestException.class, () -> found.open("never", BackendRequest.DEFAULT)).getMessage();
      String states = found.probe(BackendRequest.DEFAULT).toString();
      for (String message : List.of(none, unknown, states)) {
        assertEquals(1, message.lines().count(), message);
        assertTrue(message.contains("Provider org.absent.Provider not found"), message);
        assertTrue(message.contains("could not be instantiated: java.lang.NoClassDefFoundError: org/absent/Library"), message);
      }
      assertTrue(none.contains("; not declining: no such device"), none);
    }
  }

  /** A provider that loads and always declines. */
  public static final class Declining implements BackendProvider {
    @Override
    public String name() {
      return "declining";
    }

    @Override
    public OptionalInt automaticRank() {
      return OptionalInt.of(5);
    }

    @Override
    public Backend open(BackendRequest request) {
      throw new BackendUnavailableException("no such device");
    }
  }

  @Test
  void providersAreDiscoveredOnTheClassPath() {
    Backends.Choice choice = Backends.discovered().open("reference", BackendRequest.DEFAULT);
    choice.backend().close();
    assertEquals("reference", choice.backend().name());
    assertFalse(Backends.discovered().probe(BackendRequest.DEFAULT).isEmpty());
    BackendRequest second = BackendRequest.DEFAULT.withDevice(1);
    String refusal =
        assertThrows(UnsupportedRequestException.class, () -> Backends.discovered().open("reference", second)).getMessage();
    assertTrue(refusal.startsWith("device 1: the reference backend"), refusal);
  }
}
