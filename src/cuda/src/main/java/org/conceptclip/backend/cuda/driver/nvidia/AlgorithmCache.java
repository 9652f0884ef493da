package org.conceptclip.backend.cuda.driver.nvidia;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import org.conceptclip.backend.cuda.driver.MatmulCall;
import org.conceptclip.util.CacheFolder;
import org.conceptclip.util.OneLine;
import org.conceptclip.util.WholeFile;

/**
 * Algorithms that cuBLASLt chose, kept in a file so that a later start neither asks again nor makes another choice. cuBLAS
 * allows its algorithms to be stored for the same version of the library; the file names device and versions, and is ignored, with a
 * notice, when anything about it is not as expected.
 *
 * <p>Text, one line each: a header; {@code owner} (device, versions); then {@code inputs outputs bias f32 accumulate} (the last
 * three 0 or 1) with eight hexadecimal numbers; last the CRC-32 of all lines before, in hexadecimal. Not thread-safe.
 */
final class AlgorithmCache {
  private static final String HEADER = "conceptclip cublasLt algorithms 1";
  private static final int FIELDS = 5;

  /** 64-bit numbers of an algorithm (cublasLtMatmulAlgo_t). */
  static final int NUMBERS = 8;

  private final Optional<Path> file;
  private final String owner;
  private final Consumer<String> notices;
  private final Map<MatmulCall.Shape, long[]> algorithms;

  /**
   * Opens the file of an owner, if there is one.
   *
   * @param folder this user's alone, made when something is stored; empty where there is none: then nothing outlives the process
   * @param owner device and versions, in one line
   * @param notices gets a line when the file cannot be used or written
   */
  AlgorithmCache(Optional<Path> folder, String owner, Consumer<String> notices) {
    this.file = folder.map(place -> place.resolve("cublaslt-" + owner.replaceAll("[^A-Za-z0-9.]+", "-") + ".txt"));
    // A device's name is whatever its driver says; the file is ASCII.
    this.owner = owner.replaceAll("[^ -~]", "?");
    this.notices = notices;
    this.algorithms = file.map(this::read).orElseGet(HashMap::new);
  }

  /** A folder that is this user's alone: whoever chooses the algorithms chooses code that the device runs. Empty if there is none. */
  static Optional<Path> userFolder(Consumer<String> notices) {
    try {
      return Optional.of(CacheFolder.privateFolder("cublaslt"));
    } catch (IOException e) {
      notices.accept("cuBLASLt's algorithms are not kept for later starts: " + OneLine.of(e.getMessage()) + "; set " + CacheFolder.VARIABLE
          + " to a folder that can be written");
      return Optional.empty();
    }
  }

  Optional<long[]> get(MatmulCall.Shape shape) {
    return Optional.ofNullable(algorithms.get(shape));
  }

  /** Keeps an algorithm, also for later starts. */
  void put(MatmulCall.Shape shape, long[] algorithm) {
    algorithms.put(shape, algorithm.clone());
    file.ifPresent(this::write);
  }

  private Map<MatmulCall.Shape, long[]> read(Path file) {
    if (!Files.exists(file)) {
      return new HashMap<>();
    }
    try {
      return parse(Files.readAllLines(file, StandardCharsets.US_ASCII));
    } catch (IOException | IllegalArgumentException e) {
      notices.accept("ignoring the cuBLASLt algorithms in " + file + ": " + e.getMessage());
      return new HashMap<>();
    }
  }

  private Map<MatmulCall.Shape, long[]> parse(List<String> lines) {
    int last = lines.size() - 1;
    if (last < 2 || !lines.get(0).equals(HEADER)) {
      throw new IllegalArgumentException("expected \"" + HEADER + "\", an owner and a checksum");
    }
    if (!lines.get(last).equals(checksum(lines.subList(0, last)))) {
      throw new IllegalArgumentException("its checksum is wrong");
    }
    if (!lines.get(1).equals(owner)) {
      throw new IllegalArgumentException("it belongs to " + lines.get(1) + ", not to " + owner);
    }
    Map<MatmulCall.Shape, long[]> parsed = new HashMap<>();
    for (String line : lines.subList(2, last)) {
      String[] words = line.split(" ");
      if (words.length != FIELDS + NUMBERS) {
        throw new IllegalArgumentException("a line of " + words.length + " words, expected " + (FIELDS + NUMBERS));
      }
      MatmulCall.Shape shape = new MatmulCall.Shape(Integer.parseInt(words[0]), Integer.parseInt(words[1]),
          words[2].equals("1"), words[3].equals("1"), words[4].equals("1"));
      parsed.put(shape, Arrays.stream(words).skip(FIELDS).mapToLong(word -> Long.parseUnsignedLong(word, 16)).toArray());
    }
    return parsed;
  }

  private void write(Path file) {
    List<String> content = new ArrayList<>(List.of(HEADER, owner));
    content.addAll(new TreeSet<>(algorithms.entrySet().stream().map(entry -> line(entry.getKey(), entry.getValue())).toList()));
    content.add(checksum(content));
    try {
      Files.createDirectories(file.getParent());
      WholeFile.sweep(file.getParent());
      byte[] bytes = (String.join("\n", content) + "\n").getBytes(StandardCharsets.US_ASCII);
      WholeFile.write(file, out -> out.write(bytes));
    } catch (IOException e) {
      notices.accept("cannot store cuBLASLt's algorithms in " + file + ": " + e);
    }
  }

  private static String line(MatmulCall.Shape shape, long[] numbers) {
    return shape.inputs() + " " + shape.outputs() + " " + bit(shape.hasBias()) + " " + bit(shape.outFloat32()) + " "
        + bit(shape.accumulate()) + Arrays.stream(numbers).mapToObj(number -> " " + Long.toHexString(number)).collect(Collectors.joining());
  }

  private static int bit(boolean value) {
    return value ? 1 : 0;
  }

  private static String checksum(List<String> lines) {
    CRC32 crc = new CRC32();
    lines.forEach(line -> crc.update((line + "\n").getBytes(StandardCharsets.US_ASCII)));
    return Long.toHexString(crc.getValue());
  }
}
