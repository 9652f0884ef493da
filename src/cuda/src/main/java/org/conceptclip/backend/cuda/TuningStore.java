package org.conceptclip.backend.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.DeviceProperties;
import org.conceptclip.backend.cuda.driver.KernelIndex;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.CacheFolder;
import org.conceptclip.util.FileNames;
import org.conceptclip.util.OneLine;
import org.conceptclip.util.Sha256;
import org.conceptclip.util.TargetFile;
import org.conceptclip.util.TextBytes;
import org.conceptclip.util.WholeFile;

/** Where tuning tables are kept: a file that the user names, and one for each kind of device in the user's cache folder. */
final class TuningStore {
  private static final String FOLDER = "tuning";

  /** A table of every shape of a model takes some 10 KiB. */
  private static final long LARGEST_BYTES = 1 << 20;

  private static final String HOW_TO_TUNE = "`conceptclip tune` makes a new one";

  private TuningStore() {}

  /** What tables of this device and this build belong to. */
  static TuningTable.Owner owner(CudaDriver driver) {
    DeviceProperties device = driver.device();
    return new TuningTable.Owner(
        // Whatever the driver says: tabs and line ends would be cells and lines of the file.
        device.name().replaceAll("[\\s\\p{Cntrl}]+", " "),
        device.major() + "." + device.minor(),
        Integer.toString(device.driverVersion()),
        libraries(driver).replaceAll("[\\s\\p{Cntrl}]+", " "),
        fingerprint(KernelIndex.forCapability(device.capability())));
  }

  /** cuDNN counts where attention may be given to it; asking loads it. */
  private static String libraries(CudaDriver driver) {
    String products = driver.productLibrary().orElse("none");
    return AttentionChoice.open(driver) ? products + ", " + driver.attentionLibrary().orElseThrow() : products;
  }

  /** The first 64 bits of a SHA-256 over the table of kernels and the code of those for this device. */
  private static String fingerprint(KernelIndex kernels) {
    MessageDigest digest = Sha256.digest();
    TreeSet<String> files = new TreeSet<>();
    kernels.names().forEach(name -> files.add(kernels.get(name).file()));
    digest.update(KernelIndex.text("KERNELS.tsv").getBytes(StandardCharsets.US_ASCII));
    files.forEach(file -> digest.update(KernelIndex.text(file).getBytes(StandardCharsets.US_ASCII)));
    return HexFormat.of().formatHex(digest.digest(), 0, Long.BYTES);
  }

  /**
   * The table that a user named.
   *
   * @throws BadInputException if it cannot be read, is damaged, or belongs to something else
   */
  static TuningTable named(Path file, CudaDriver driver) {
    try {
      TuningTable table = read(file);
      Optional<String> difference = table.owner().difference(owner(driver));
      if (difference.isPresent()) {
        throw new BadInputException("it was made for " + difference.get());
      }
      return table;
    } catch (IOException | BadInputException e) {
      throw new BadInputException(
          "tuning table " + FileNames.readable(file) + ": " + reason(e) + "; " + HOW_TO_TUNE, e);
    }
  }

  /**
   * The table in the user's cache folder, if there is one of this device.
   *
   * @param notices gets a line when there is one that cannot be used
   */
  static Optional<TuningTable> cached(CudaDriver driver, Consumer<String> notices) {
    try {
      return cached(CacheFolder.location().resolve(FOLDER), driver, notices);
    } catch (IOException e) {
      // A user without a place for caches has tuned nothing.
      return Optional.empty();
    }
  }

  static Optional<TuningTable> cached(Path folder, CudaDriver driver, Consumer<String> notices) {
    Path file = file(folder, driver);
    try {
      TuningTable table = read(file);
      Optional<String> difference = table.owner().difference(owner(driver));
      difference.ifPresent(words -> notices.accept(
          "ignoring the tuning table " + FileNames.readable(file) + ": it was made for " + words + "; " + HOW_TO_TUNE));
      return difference.isPresent() ? Optional.empty() : Optional.of(table);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException | BadInputException e) {
      notices.accept("ignoring the tuning table " + FileNames.readable(file) + ": " + reason(e) + "; " + HOW_TO_TUNE);
      return Optional.empty();
    }
  }

  private static Path file(Path folder, CudaDriver driver) {
    DeviceProperties device = driver.device();
    return folder.resolve(device.name().replaceAll("[^A-Za-z0-9.]+", "-") + "-sm_" + device.capability() + ".tsv");
  }

  private static TuningTable read(Path file) throws IOException {
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes((int) LARGEST_BYTES + 1);
    }
    if (bytes.length > LARGEST_BYTES) {
      throw new BadInputException("no tuning table: more than " + LARGEST_BYTES + " bytes");
    }
    try {
      return TuningTable.parse(TextBytes.decode(bytes));
    } catch (TextBytes.NotTextException e) {
      throw new BadInputException("no tuning table: " + e.getMessage(), e);
    }
  }

  /** Stores a table in the user's cache folder, where later starts on this device find it. Returns the file. */
  static Path store(TuningTable table, CudaDriver driver) throws IOException {
    return store(CacheFolder.privateFolder(FOLDER), table, driver);
  }

  static Path store(Path folder, TuningTable table, CudaDriver driver) throws IOException {
    Path file = file(folder, driver);
    WholeFile.sweep(folder);
    WholeFile.write(file, out -> out.write(table.toBytes()));
    return file;
  }

  /** Writes a table to a file that the user named. */
  static void write(TuningTable table, Path file) throws IOException {
    TargetFile.write(file, table.toBytes());
  }

  private static String reason(Exception e) {
    return OneLine.of(e instanceof NoSuchFileException ? "no such file" : e.getMessage());
  }
}
