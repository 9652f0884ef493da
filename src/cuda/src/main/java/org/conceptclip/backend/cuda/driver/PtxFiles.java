package org.conceptclip.backend.cuda.driver;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.DeviceException.Kind;

/**
 * The PTX that ships, {@code FILE.TARGET.ptx} among our resources, and which entry points each file has. They are read out of
 * the files themselves, once: an index beside them could go stale. Thread-safe.
 */
final class PtxFiles {
  /** Where the build puts {@code kernels/ptx}. */
  static final String FOLDER = "/org/conceptclip/backend/cuda/ptx/";

  /** An entry point and its one parameter, a struct, which PTX has as an array of bytes. */
  private static final Pattern ENTRY =
      Pattern.compile("\\.visible\\s+\\.entry\\s+(\\w+)\\s*\\(\\s*\\.param\\s+\\.align\\s+\\d+\\s+\\.b8\\s+\\w+\\[(\\d+)\\]\\s*\\)");

  /** Where an entry point is, and how many bytes it reads as its argument: CUDA itself asks for no size. */
  record EntryPoint(String file, int argumentBytes) {}

  private static final Map<String, PtxFiles> BY_TARGET = new ConcurrentHashMap<>();

  private final String target;
  private final Map<String, EntryPoint> entryPoints = new TreeMap<>();

  private PtxFiles(String target) {
    this.target = target;
  }

  /**
   * The files for a device. Only compute capability 9.0 runs sm_90a: that target's own instructions exist on no other, later ones
   * included, which run the sm_80 files.
   *
   * @throws BackendUnavailableException if there are none for it
   */
  static PtxFiles forCapability(int capability) {
    return BY_TARGET.computeIfAbsent(capability == 90 ? "sm_90a" : "sm_80", PtxFiles::read);
  }

  private static PtxFiles read(String target) {
    PtxFiles files = new PtxFiles(target);
    String suffix = "." + target + ".ptx";
    for (String name : names()) {
      if (name.endsWith(suffix)) {
        Matcher entry = ENTRY.matcher(text(name));
        while (entry.find()) {
          files.entryPoints.put(entry.group(1), new EntryPoint(name, Integer.parseInt(entry.group(2))));
        }
      }
    }
    if (files.entryPoints.isEmpty()) {
      throw new BackendUnavailableException("CUDA: this build holds no kernels for " + target + " (resources " + FOLDER + ")");
    }
    return files;
  }

  /** Refuses a kernel that this target does not have. */
  EntryPoint entryPoint(String kernel) {
    EntryPoint found = entryPoints.get(kernel);
    if (found == null) {
      throw new CudaException(Kind.FAILED, "cuModuleGetFunction", "CUDA_ERROR_NOT_FOUND", kernel + " for " + target);
    }
    return found;
  }

  /** Content of a file. */
  static String text(String file) {
    try (InputStream in = PtxFiles.class.getResourceAsStream(FOLDER + file)) {
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the kernels " + FOLDER + file, e);
    }
  }

  private static Iterable<String> names() {
    URL folder = PtxFiles.class.getResource(FOLDER);
    if (folder == null) {
      throw new BackendUnavailableException("CUDA: this build holds no kernels (resources " + FOLDER + ")");
    }
    try {
      return folder.openConnection() instanceof JarURLConnection jar ? namesIn(jar) : namesIn(Path.of(folder.toURI()));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot list the kernels in " + folder, e);
    } catch (URISyntaxException e) {
      throw new IllegalStateException("location of our own resources: " + folder, e);
    }
  }

  private static Iterable<String> namesIn(JarURLConnection folder) throws IOException {
    // Not the shared copy, which other readers of the same jar would find closed.
    folder.setUseCaches(false);
    try (JarFile jar = folder.getJarFile()) {
      String prefix = folder.getEntryName();
      return jar.stream()
          .map(entry -> entry.getName())
          .filter(name -> name.startsWith(prefix))
          .map(name -> name.substring(prefix.length()))
          .toList();
    }
  }

  private static Iterable<String> namesIn(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
