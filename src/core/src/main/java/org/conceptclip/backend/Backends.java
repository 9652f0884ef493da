package org.conceptclip.backend;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The backends that a program can choose from, by name or automatically. Immutable and thread-safe. */
public final class Backends {
  /** Asks for the backend of the highest rank that starts. */
  public static final String AUTO = "auto";

  private final List<BackendProvider> providers;

  /** @param providers must have different names */
  public Backends(List<BackendProvider> providers) {
    this.providers = providers.stream()
        .sorted(Comparator.comparingInt((BackendProvider provider) -> -provider.automaticRank().orElse(Integer.MIN_VALUE + 1))
            .thenComparing(BackendProvider::name))
        .toList();
  }

  /** The backends of all modules on the class path of this library, found as services. */
  public static Backends discovered() {
    return new Backends(ServiceLoader.load(BackendProvider.class, Backends.class.getClassLoader()).stream()
        .map(ServiceLoader.Provider::get)
        .toList());
  }

  /**
   * A started backend.
   *
   * @param provider the provider that started it
   * @param note if the choice was automatic, one line for users: the chosen backend, and why each backend of a higher rank declined
   */
  public record Choice(Backend backend, BackendProvider provider, Optional<String> note) {
    /** The subset of {@code options} that the backend accepts. */
    public Map<String, String> own(Map<String, String> options) {
      Map<String, String> own = new TreeMap<>(options);
      own.keySet().retainAll(provider.options());
      return own;
    }
  }

  /**
   * Starts a backend. The caller closes it.
   *
   * @param name a backend's name, or {@link #AUTO}
   * @throws BackendUnavailableException if it cannot start on this machine, or no backend can
   * @throws UnsupportedRequestException if there is no such backend, or it cannot fulfil the request on any machine
   */
  public Choice open(String name, BackendRequest request) {
    request.options().keySet().forEach(this::requireKnown);
    return name.equals(AUTO) ? automatic(request) : named(name, request);
  }

  private Choice named(String name, BackendRequest request) {
    BackendProvider provider = providers.stream()
        .filter(candidate -> candidate.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new UnsupportedRequestException("backend " + name + ": expected " + names()));
    for (String option : request.options().keySet()) {
      if (!provider.options().contains(option)) {
        throw new UnsupportedRequestException(option + ": the " + name + " backend has no such option; it belongs to " + owners(option));
      }
    }
    return new Choice(provider.open(request), provider, Optional.empty());
  }

  /** An option of one backend does not exclude the others here: it says how to start that backend, if it can start. */
  private Choice automatic(BackendRequest request) {
    List<String> declined = new ArrayList<>();
    RuntimeException last = null;
    for (BackendProvider provider : automaticOnes()) {
      try {
        Backend backend = provider.open(provider.hasDevices() ? request : request.withDevice(0));
        String note = "backend " + provider.name() + ": " + backend.description() + String.join("", declined);
        return new Choice(backend, provider, Optional.of(note));
      } catch (BackendUnavailableException | UnsupportedRequestException e) {
        declined.add("; not " + provider.name() + ": " + e.getMessage());
        if (last != null) {
          e.addSuppressed(last);
        }
        last = e;
      }
    }
    if (last == null) {
      throw new BackendUnavailableException("backend auto: the class path holds no backend that is taken automatically, only "
          + names() + "; add conceptclip-cpu or conceptclip-cuda (and where jars are merged into one, merge their META-INF/services)");
    }
    if (last instanceof UnsupportedRequestException) {
      // Its message begins with the unsupported part of the request; the reasons of the other backends follow.
      String others = String.join("", declined.subList(0, declined.size() - 1));
      throw new UnsupportedRequestException(last.getMessage() + others);
    }
    throw new BackendUnavailableException("backend auto: none starts" + String.join("", declined), last);
  }

  /** The state of every backend on this machine, in the order in which {@code auto} tries them. */
  public List<BackendProvider.Status> probe(BackendRequest request) {
    return providers.stream().map(provider -> provider.probe(request)).toList();
  }

  /** Facts about this machine by backend and by name. Backends without facts are left out. */
  public Map<String, Map<String, String>> facts(BackendRequest request) {
    Map<String, Map<String, String>> facts = new TreeMap<>();
    for (BackendProvider provider : providers) {
      Map<String, String> own = provider.facts(request);
      if (!own.isEmpty()) {
        facts.put(provider.name(), own);
      }
    }
    return facts;
  }

  private Iterable<BackendProvider> automaticOnes() {
    return providers.stream().filter(provider -> provider.automaticRank().isPresent())::iterator;
  }

  private void requireKnown(String option) {
    if (providers.stream().noneMatch(provider -> provider.options().contains(option))) {
      throw new UnsupportedRequestException(option + ": no backend on the class path has such an option");
    }
  }

  private String owners(String option) {
    return providers.stream()
        .filter(provider -> provider.options().contains(option))
        .map(BackendProvider::name)
        .collect(Collectors.joining(", "));
  }

  private String names() {
    return Stream.concat(Stream.of(AUTO), providers.stream().map(BackendProvider::name)).collect(Collectors.joining(", "));
  }
}
