package org.conceptclip.backend;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.conceptclip.util.OneLine;

/** The backends that a program can choose from, by name or automatically. Immutable and thread-safe. */
public final class Backends {
  /** Asks for the backend of the highest rank that starts. */
  public static final String AUTO = "auto";

  private static final int LONGEST_PROBLEM = 500;

  private final List<BackendProvider> providers;

  /** Why providers on the class path could not be loaded. */
  private final List<String> problems;

  /** @param providers must have different names */
  public Backends(List<BackendProvider> providers) {
    this(providers, List.of());
  }

  private Backends(List<BackendProvider> providers, Collection<String> problems) {
    this.problems = List.copyOf(problems);
    this.providers = providers.stream()
        .sorted(Comparator.comparingInt((BackendProvider provider) -> -provider.automaticRank().orElse(Integer.MIN_VALUE + 1))
            .thenComparing(BackendProvider::name))
        .toList();
  }

  /**
   * The backends of all modules on the class path of this library, found as services. One that cannot be loaded, because a library that it
   * needs is not on the class path, is left out; the note of {@code auto}, messages and {@link #probe} say so.
   */
  public static Backends discovered() {
    return discovered(Backends.class.getClassLoader());
  }

  static Backends discovered(ClassLoader loader) {
    List<BackendProvider> providers = new ArrayList<>();
    Set<String> problems = new LinkedHashSet<>();
    Iterator<BackendProvider> services = ServiceLoader.load(BackendProvider.class, loader).iterator();
    boolean more = true;
    while (more) {
      try {
        more = services.hasNext();
        if (more) {
          providers.add(services.next());
        }
      } catch (ServiceConfigurationError | LinkageError e) {
        String cause = e.getCause() == null ? "" : ": " + e.getCause();
        more = problems.add(OneLine.of(e + cause, LONGEST_PROBLEM)); // the same again: the search makes no progress
      }
    }
    return new Backends(providers, problems);
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
        .orElseThrow(() -> new UnsupportedRequestException("backend " + name + ": expected " + names() + told(problems)));
    for (String option : request.options().keySet()) {
      if (!provider.options().contains(option)) {
        throw new UnsupportedRequestException(option + ": the " + name + " backend has no such option; it belongs to " + owners(option));
      }
    }
    return new Choice(start(provider, request), provider, Optional.empty());
  }

  private static Backend start(BackendProvider provider, BackendRequest request) {
    try {
      return provider.open(request);
    } catch (LinkageError e) {
      // A library that it needs is not on the class path, or is there in another version.
      String reason = OneLine.of(e.toString(), LONGEST_PROBLEM);
      throw new BackendUnavailableException("the " + provider.name() + " backend cannot be loaded: " + reason, e);
    }
  }

  private static String told(List<String> reasons) {
    return reasons.stream().map(reason -> "; " + reason).collect(Collectors.joining());
  }

  /** An option of one backend does not exclude the others here: it says how to start that backend, if it can start. */
  private Choice automatic(BackendRequest request) {
    List<String> declined = new ArrayList<>(problems);
    RuntimeException last = null;
    for (BackendProvider provider : automaticOnes()) {
      try {
        Backend backend = start(provider, provider.hasDevices() ? request : request.withDevice(0));
        String note = "backend " + provider.name() + ": " + backend.description() + told(declined);
        return new Choice(backend, provider, Optional.of(note));
      } catch (BackendUnavailableException | UnsupportedRequestException e) {
        declined.add("not " + provider.name() + ": " + e.getMessage());
        if (last != null) {
          e.addSuppressed(last);
        }
        last = e;
      }
    }
    if (last == null) {
      throw new BackendUnavailableException("backend auto: the class path holds no backend that is taken automatically, only "
          + names() + "; add conceptclip-cpu or conceptclip-cuda (and where jars are merged into one, merge their META-INF/services)"
          + told(problems));
    }
    if (last instanceof UnsupportedRequestException) {
      // Its message begins with the unsupported part of the request; the reasons of the other backends follow.
      throw new UnsupportedRequestException(last.getMessage() + told(declined.subList(0, declined.size() - 1)));
    }
    throw new BackendUnavailableException("backend auto: none starts" + told(declined), last);
  }

  /** The state of every backend on this machine, in the order in which {@code auto} tries them; those that cannot be loaded last. */
  public List<BackendProvider.Status> probe(BackendRequest request) {
    return Stream.concat(providers.stream().map(provider -> provider.probe(request)),
        problems.stream().map(problem -> new BackendProvider.Status("unknown", false, problem))).toList();
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
