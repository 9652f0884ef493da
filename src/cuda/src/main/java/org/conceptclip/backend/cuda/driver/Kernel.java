package org.conceptclip.backend.cuda.driver;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A kernel as {@code kernels/build} describes it in {@code KERNELS.tsv}: all that a launch needs to know. Immutable.
 *
 * @param name the entry point
 * @param file the PTX file that holds it, see {@link KernelIndex#text}
 * @param threads per block
 * @param sharedBytes dynamic shared memory per block
 * @param argumentBytes size of the argument struct: CUDA itself checks no size
 * @param fields of the argument struct, by name
 * @param facts what the kernel's source states with LAUNCH_FACT, by name
 */
public record Kernel(
    String name, String file, int threads, int sharedBytes, int argumentBytes, Map<String, Field> fields, Map<String, Integer> facts) {
  private static final Pattern FIELD = Pattern.compile("(\\w+):(\\w+)(?:\\[(\\d+)])?@(\\d+)");

  /** A field of the argument struct: so many values of a type, from a byte offset on. */
  public record Field(int index, String type, int count, int offset) {}

  /** A kernel by the columns of its row, without the target's and the registers. */
  static Kernel of(String name, String file, String threads, String sharedBytes, String argumentBytes, String fields, String facts) {
    Map<String, Field> byName = new LinkedHashMap<>();
    Matcher field = FIELD.matcher(fields);
    while (field.find()) {
      int count = field.group(3) == null ? 1 : Integer.parseInt(field.group(3));
      byName.put(field.group(1), new Field(byName.size(), field.group(2), count, Integer.parseInt(field.group(4))));
    }
    Map<String, Integer> stated = Arrays.stream(facts.split(" ")).filter(fact -> !fact.isEmpty()).map(fact -> fact.split("="))
        .collect(Collectors.toUnmodifiableMap(fact -> fact[0], fact -> Integer.parseInt(fact[1])));
    return new Kernel(name, file, Integer.parseInt(threads), Integer.parseInt(sharedBytes), Integer.parseInt(argumentBytes),
        Collections.unmodifiableMap(byName), stated);
  }

  /** A fact, if the source states it. */
  public Optional<Integer> fact(String fact) {
    return Optional.ofNullable(facts.get(fact));
  }

  /** A new argument struct, to be filled by the names of its fields. */
  public KernelArguments arguments() {
    return new KernelArguments(this);
  }

  /** Blocks that cover so many items along x: a block takes {@code tileX} of them, or one where the source states no such fact. */
  public int blocksX(long items) {
    return Math.toIntExact(Math.ceilDiv(items, (long) facts.getOrDefault("tileX", 1)));
  }

  /** The same along y. */
  public int blocksY(long items) {
    return Math.toIntExact(Math.ceilDiv(items, (long) facts.getOrDefault("tileY", 1)));
  }

  /** By name alone: graphs are looked up by the kernels of a pass. */
  @Override
  public int hashCode() {
    return name.hashCode();
  }

  @Override
  public String toString() {
    return name;
  }
}
