package org.conceptclip.backend.cuda.driver.nvidia;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.conceptclip.backend.BackendUnavailableException;

/**
 * Finds what a machine has of CUDA: the NVIDIA driver, and cuBLASLt and cuDNN in more places than the system's loader and JavaCPP search.
 * Thread-safe.
 */
public final class CudaLibraries {
  /** System property with the folder to look in; {@code --cuda-libs} comes first. */
  public static final String FOLDER_PROPERTY = "conceptclip.cuda.libs";

  /** Of the version of CUDA whose cuBLASLt this build calls. */
  static final int MAJOR = CudaBindings.CUDA_MAJOR;

  static final String DRIVER = "libcuda.so.1";

  static final String NO_DRIVER = "no NVIDIA driver was found (" + DRIVER + " does not load)";

  private static final Path KERNEL_MODULE = Path.of("/proc/driver/nvidia/version");

  private static final String CUBLASLT = "libcublasLt.so.";

  /** JavaCPP starts its binding of the CUDA runtime with that of cuBLAS. */
  private static final String RUNTIME = "libcudart.so." + MAJOR;

  /** In the order of their dependencies, and from one folder: a cuBLAS works with the cuBLASLt of its own version only. */
  private static final List<String> CUBLAS = List.of(CUBLASLT + MAJOR, "libcublas.so." + MAJOR);

  /** The parts of cuDNN that its binding is linked to; these find the others, which lie beside them. */
  private static final List<String> CUDNN =
      List.of("libcudnn_graph.so.9", "libcudnn_ops.so.9", "libcudnn_cnn.so.9", "libcudnn_adv.so.9");

  private CudaLibraries() {}

  /**
   * Where to look.
   *
   * @param named a folder instead of all others, if named
   * @param before folders before the system loader's
   * @param after folders after those
   */
  private record Places(Optional<Path> named, List<Path> before, List<Path> after) {
    static Places of(Optional<Path> folder) {
      LibraryFolders folders = new LibraryFolders(System.getenv(), Path.of("/"), MAJOR);
      Optional<Path> named = folder.or(() -> Optional.ofNullable(System.getProperty(FOLDER_PROPERTY)).map(Path::of));
      return new Places(named, named.map(folders::under).orElseGet(folders::beforeLoader),
          named.isPresent() ? List.of() : folders.afterLoader());
    }

    /** The files of libraries that belong together; empty if no place has all. */
    Map<String, Path> files(List<String> group) {
      Map<String, Path> files = inOneFolder(group, before);
      if (files.isEmpty() && named.isEmpty()) {
        files = throughLoader(group);
      }
      return files.isEmpty() ? inOneFolder(group, after) : files;
    }

    List<String> searched() {
      List<String> places = new ArrayList<>();
      named.ifPresent(folder -> places.add(folder + " and the usual folders in it"));
      if (named.isEmpty()) {
        before.forEach(folder -> places.add(folder.toString()));
        places.add("the system loader's paths");
        after.forEach(folder -> places.add(folder.toString()));
      }
      return places;
    }
  }

  /**
   * cuDNN on this machine.
   *
   * @param found name to file of its libraries, and of the CUDA runtime that its binding needs; empty where something is missing
   * @param absence why there is none, in one line
   */
  record AttentionLibrary(Map<String, Path> found, Optional<String> absence) {}

  /** Looks for cuDNN. */
  static AttentionLibrary attentionLibrary(Optional<Path> folder) {
    Places places = Places.of(folder);
    Map<String, Path> found = new LinkedHashMap<>();
    for (List<String> group : List.of(List.of(RUNTIME), CUDNN)) {
      Map<String, Path> files = places.files(group);
      if (files.isEmpty()) {
        return new AttentionLibrary(Map.of(), Optional.of(String.join(", ", group) + " not found (looked in "
            + String.join(", ", places.searched()) + "); name the folder with --cuda-libs DIR"));
      }
      found.putAll(files);
    }
    return new AttentionLibrary(found, Optional.empty());
  }

  /**
   * The parts of CUDA that a machine has.
   *
   * @param driver version line of the NVIDIA driver, if one is installed
   * @param found name to file of each library that was found
   * @param missing names of the libraries that were not
   * @param others files of cuBLASLt of other versions of CUDA, which this build cannot call; looked for where ours is missing
   * @param searched where they were looked for
   */
  public record Report(
      Optional<String> driver, Map<String, Path> found, List<String> missing, List<Path> others, List<String> searched) {
    /** Why CUDA cannot start, in one line; empty when there is a driver. */
    public Optional<String> absence() {
      return driver.isEmpty() ? Optional.of(NO_DRIVER) : Optional.empty();
    }

    /** Why there is no cuBLASLt, in one line; empty when there is. */
    public Optional<String> productLibraryAbsence() {
      if (missing.isEmpty()) {
        return Optional.empty();
      }
      String instead = others.isEmpty() ? "" : "; of another CUDA: " + String.join(", ", others.stream().map(Path::toString).toList());
      return Optional.of(String.join(", ", missing) + " not found (CUDA " + MAJOR + "; looked in " + String.join(", ", searched) + instead
          + "); name the folder with --cuda-libs DIR");
    }
  }

  /**
   * Looks for everything. Cheap where there is no driver.
   *
   * @param folder to look in instead of the usual places, if named
   */
  public static Report find(Optional<Path> folder) {
    Optional<String> driver = driver();
    if (driver.isEmpty()) {
      return new Report(driver, Map.of(), List.of(), List.of(), List.of());
    }
    Places places = Places.of(folder);
    Map<String, Path> found = new LinkedHashMap<>();
    List<String> missing = new ArrayList<>();
    for (List<String> group : List.of(List.of(RUNTIME), CUBLAS)) {
      Map<String, Path> files = places.files(group);
      found.putAll(files);
      if (files.isEmpty()) {
        missing.addAll(group);
      }
    }
    Stream<Path> folders = missing.containsAll(CUBLAS) ? Stream.concat(places.before().stream(), places.after().stream()) : Stream.empty();
    return new Report(
        driver, found, missing, folders.flatMap(CudaLibraries::otherVersions).toList(), places.searched());
  }

  /** Files of cuBLASLt in a folder, under the names that programs of other versions of CUDA ask for. */
  private static Stream<Path> otherVersions(Path folder) {
    return LibraryFolders.matching(folder, CUBLASLT + "*").stream().filter(file -> {
      String version = file.getFileName().toString().substring(CUBLASLT.length());
      return version.matches("\\d+") && !version.equals(Integer.toString(MAJOR));
    });
  }

  /**
   * Rejects a driver that is too old for the version of cuBLASLt that this build calls: the libraries of a major version of CUDA need a
   * driver of that version, and minor versions are compatible in both directions.
   *
   * @param driverVersion as CUDA counts
   */
  static void requireDriverForProducts(int driverVersion) {
    if (driverVersion / 1000 < MAJOR) {
      throw new BackendUnavailableException(CUBLASLT + MAJOR + " needs a driver for CUDA " + MAJOR
          + ".0 or newer, and this one supports CUDA " + DriverApi.dotted(driverVersion));
    }
  }

  /**
   * The NVIDIA driver's kernel module's version line, or the library's name when that cannot be read; empty when the library does not
   * load. Loads no binding: the answer on a machine without a GPU has to be quick.
   */
  private static Optional<String> driver() {
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup.libraryLookup(DRIVER, arena);
    } catch (IllegalArgumentException e) {
      // The loader knows no such library: the usual case on machines without a GPU.
      return Optional.empty();
    }
    try {
      return Optional.of(Files.readAllLines(KERNEL_MODULE).getFirst().replaceAll("\\s+", " ").strip());
    } catch (IOException e) {
      return Optional.of(DRIVER + ", kernel module unknown");
    }
  }

  /**
   * Facts for reports: the driver, its devices, cuBLASLt's files and version; or what is missing. No toolkit is needed to see the devices.
   *
   * @param folder to look in instead of the usual places, if named
   */
  public static Map<String, String> describe(Optional<Path> folder) {
    Map<String, String> facts = new LinkedHashMap<>();
    Report report = find(folder);
    facts.put("driver", report.driver().orElse("none (" + DRIVER + " does not load)"));
    if (report.absence().isPresent()) {
      facts.put("devices", "unknown: " + report.absence().get());
      return facts;
    }
    Optional<Integer> driverVersion = Optional.empty();
    try {
      DriverApi api = DriverApi.load();
      facts.put("devices", String.join("; ", CudaContext.describeDevices(api)));
      driverVersion = Optional.of(CudaContext.driverVersion(api));
    } catch (BackendUnavailableException e) {
      facts.put("devices", "none usable: " + e.getMessage());
    }
    report.found().forEach((name, file) -> facts.put(name, file + " (version " + version(file) + ")"));
    report.missing().forEach(name -> facts.put(name, "not found"));
    report.others().forEach(file -> facts.put(file.getFileName().toString(), file + " (of another CUDA, not used)"));
    driverVersion.ifPresent(version -> facts.put("matrix products", products(report, version)));
    AttentionLibrary attention = attentionLibrary(folder);
    attention.found().forEach((name, file) -> facts.putIfAbsent(name, file + " (version " + version(file) + ")"));
    facts.put("attention", "our own kernels" + attention.absence().map(absence -> "; no cuDNN: " + absence).orElse(" or cuDNN"));
    return facts;
  }

  private static String products(Report report, int driverVersion) {
    String own = "our own kernels only: ";
    if (report.productLibraryAbsence().isPresent()) {
      return own + report.productLibraryAbsence().get();
    }
    try {
      requireDriverForProducts(driverVersion);
      CublasLt.load(report.found());
    } catch (BackendUnavailableException e) {
      return own + e.getMessage();
    }
    CudaBindings.libraryOpened();
    try {
      return CublasLt.version();
    } finally {
      CudaBindings.libraryClosed();
    }
  }

  private static Map<String, Path> inOneFolder(List<String> names, List<Path> folders) {
    Map<String, Path> files = new LinkedHashMap<>();
    folders.stream().filter(folder -> names.stream().allMatch(name -> Files.exists(folder.resolve(name)))).findFirst()
        .ifPresent(folder -> names.forEach(name -> files.put(name, folder.resolve(name))));
    return files;
  }

  /** What the system's loader finds under these names, with the files that it took. */
  private static Map<String, Path> throughLoader(List<String> names) {
    Map<String, Path> files = new LinkedHashMap<>();
    for (String name : names) {
      try {
        SymbolLookup.libraryLookup(name, Arena.global());
      } catch (IllegalArgumentException e) {
        // The loader knows no such library: an answer, not a fault.
        return Map.of();
      }
      files.put(name, mapped(name));
    }
    return files;
  }

  /** The file that a loaded library came from. */
  private static Path mapped(String name) {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
      return lines.map(line -> line.substring(line.indexOf('/') < 0 ? line.length() : line.indexOf('/')))
          .filter(file -> file.substring(file.lastIndexOf('/') + 1).startsWith(name))
          .map(Path::of)
          .findFirst()
          .orElseThrow(() -> new IllegalStateException(name + " was loaded and is not in /proc/self/maps"));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read /proc/self/maps", e);
    }
  }

  private static String version(Path file) {
    try {
      String name = file.toRealPath().getFileName().toString();
      return name.substring(name.indexOf(".so.") + ".so.".length());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot resolve " + file, e);
    }
  }
}
