package org.conceptclip.backend.cuda.driver;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A kernel as {@code kernels/build} describes it in {@code KERNELS.tsv}: all that a launch needs to know. Immutable. */
public final class Kernel {
  private static final Pattern FIELD = Pattern.compile("(\\w+):(\\w+)(?:\\[(\\d+)])?@(\\d+)");

  /** A field of the argument struct: so many values of a type, from a byte offset on. */
  record Field(int index, String type, int count, int offset) {}

  private final String name;
  private final String file;
  private final int threads;
  private final int sharedBytes;
  private final int argumentBytes;
  private final Map<String, Field> fields = new LinkedHashMap<>();
  private final Map<String, Integer> facts = new LinkedHashMap<>();

  /** Reads the columns of a row, without the target's and the registers. */
  Kernel(String name, String file, String threads, String sharedBytes, String argumentBytes, String fields, String facts) {
    this.name = name;
    this.file = file;
    this.threads = Integer.parseInt(threads);
    this.sharedBytes = Integer.parseInt(sharedBytes);
    this.argumentBytes = Integer.parseInt(argumentBytes);
    Matcher field = FIELD.matcher(fields);
    while (field.find()) {
      int count = field.group(3) == null ? 1 : Integer.parseInt(field.group(3));
      this.fields.put(field.group(1), new Field(this.fields.size(), field.group(2), count, Integer.parseInt(field.group(4))));
    }
    Arrays.stream(facts.split(" ")).filter(fact -> !fact.isEmpty()).map(fact -> fact.split("="))
        .forEach(fact -> this.facts.put(fact[0], Integer.parseInt(fact[1])));
  }

  /** The entry point. */
  public String name() {
    return name;
  }

  /** The PTX file that holds it, see {@link KernelIndex#text}. */
  public String file() {
    return file;
  }

  /** Threads per block. */
  public int threads() {
    return threads;
  }

  /** Dynamic shared memory per block. */
  public int sharedBytes() {
    return sharedBytes;
  }

  /** Size of the argument struct: CUDA itself checks no size. */
  public int argumentBytes() {
    return argumentBytes;
  }

  /** What the kernel's source states under this name with LAUNCH_FACT. */
  public Optional<Integer> fact(String fact) {
    return Optional.ofNullable(facts.get(fact));
  }

  Map<String, Field> fields() {
    return fields;
  }

  /** A new argument struct, to be filled by the names of its fields. */
  public KernelArguments arguments() {
    return new KernelArguments(this);
  }

  /** Blocks that cover so many items along x: a block takes {@code tileX} of them, or one where the source states no such fact. */
  public int blocksX(long items) {
    return blocks(items, fact("tileX").orElse(1));
  }

  /** The same along y. */
  public int blocksY(long items) {
    return blocks(items, fact("tileY").orElse(1));
  }

  private static int blocks(long items, long perBlock) {
    return Math.toIntExact(Math.ceilDiv(items, perBlock));
  }

  @Override
  public String toString() {
    return name;
  }
}
