package org.conceptclip.backend.cuda.driver;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.DeviceException.Kind;

/**
 * The kernels of this build for one target, by name, from the table that {@code kernels/build} writes. Resources are found by their
 * names and never by listing a folder: a jar need not have entries for folders. Thread-safe.
 */
public final class KernelIndex {
  /**
   * The system property with a folder that holds a table and PTX like this build's, to be used in their place: how variants of kernels are
   * measured without a build of the program for each.
   */
  public static final String REPLACEMENT = "conceptclip.cuda.kernels";

  /** Where the build puts {@code kernels/ptx}. */
  private static final String FOLDER = "/org/conceptclip/backend/cuda/ptx/";

  private static final String TABLE = "KERNELS.tsv";
  private static final String HEADER =
      "entry point\ttarget\tfile\tregisters\tthreads\tshared bytes\targument bytes\targuments\tfacts";

  private static final Map<String, KernelIndex> BY_TARGET = new ConcurrentHashMap<>();

  private final String target;
  private final Map<String, Kernel> kernels = new TreeMap<>();

  private KernelIndex(String target) {
    this.target = target;
    String[] lines = text(TABLE).split("\n");
    if (!lines[0].equals(HEADER)) {
      throw new BackendUnavailableException("CUDA: " + FOLDER + TABLE + " has the columns " + lines[0] + ", expected " + HEADER);
    }
    for (String line : lines) {
      String[] cells = line.split("\t", -1);
      if (cells[1].equals(target)) {
        requireResource(cells[2]);
        kernels.put(cells[0], Kernel.of(cells[0], cells[2], cells[4], cells[5], cells[6], cells[7], cells[8]));
      }
    }
  }

  /**
   * The kernels for a device. Only compute capability 9.0 runs sm_90a: that target's own instructions exist on no other device, later
   * ones included, which run the kernels for sm_80.
   *
   * @throws BackendUnavailableException if this build has no kernels
   */
  public static KernelIndex forCapability(int capability) {
    return BY_TARGET.computeIfAbsent(capability == 90 ? "sm_90a" : "sm_80", KernelIndex::new);
  }

  /** All kernels for this target, by name. */
  public Set<String> names() {
    return kernels.keySet();
  }

  public Optional<Kernel> find(String name) {
    return Optional.ofNullable(kernels.get(name));
  }

  /**
   * A kernel.
   *
   * @throws CudaException if there is none of this name for the target
   */
  public Kernel get(String name) {
    return find(name).orElseThrow(
        () -> new CudaException(Kind.FAILED, "cuModuleGetFunction", "CUDA_ERROR_NOT_FOUND", name + " for " + target));
  }

  /** Content of a file among the kernels: the table, or PTX. */
  public static String text(String file) {
    requireResource(file);
    try (InputStream in = replacement(file).isPresent()
        ? Files.newInputStream(replacement(file).get()) : KernelIndex.class.getResourceAsStream(FOLDER + file)) {
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the kernels " + replacement(file).map(Path::toString).orElse(FOLDER + file), e);
    }
  }

  private static Optional<Path> replacement(String file) {
    return Optional.ofNullable(System.getProperty(REPLACEMENT)).map(folder -> Path.of(folder, file));
  }

  private static void requireResource(String file) {
    Optional<Path> replacement = replacement(file);
    if (replacement.isPresent() && !Files.isRegularFile(replacement.get())) {
      throw new BackendUnavailableException("CUDA: no kernels at " + replacement.get() + "; -D" + REPLACEMENT
          + " expects a folder with " + TABLE + " and the PTX that it lists");
    }
    if (replacement.isEmpty() && KernelIndex.class.getResource(FOLDER + file) == null) {
      throw new BackendUnavailableException("CUDA: this build holds no kernels (no resource " + FOLDER + file + ")");
    }
  }
}
