package org.conceptclip.backend.cuda;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.zip.CRC32;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.Labelled;

/**
 * Which engine computes what on one device, and the times that this was chosen by. Immutable and thread-safe.
 *
 * <p>Text, lines of cells between tabs: a header; {@code owner} lines with a name and a value; {@code choice}, op, shape, engine; {@code
 * time}, op, shape, rows, engine, microseconds; last the CRC-32 of all lines before, in hexadecimal. The op of a matrix product is {@code
 * product}, its shape as {@link ProductShape} writes it, its engine a {@link ProductEngine}; those of attention are {@code attention},
 * {@link AttentionChoice.Kind} and {@link AttentionEngine}.
 */
public final class TuningTable {
  /** The op of matrix products. */
  static final String PRODUCT = "product";

  /** The op of attention. */
  static final String ATTENTION = "attention";

  private static final String HEADER = "conceptclip tuning table 1";
  private static final int LARGEST_ROWS = 1 << 24;

  /**
   * What a table belongs to: with any other value the times may be others, or the engines.
   *
   * @param device name, as its driver says
   * @param capability for example {@code 9.0}
   * @param driver version, as CUDA counts: {@code 13000}
   * @param library names and versions of the libraries that work may be given to, or {@code none}
   * @param kernels fingerprint of this build's kernels
   */
  public record Owner(String device, String capability, String driver, String library, String kernels) {
    private SequencedMap<String, String> facts() {
      SequencedMap<String, String> facts = new LinkedHashMap<>();
      facts.put("device", device);
      facts.put("capability", capability);
      facts.put("driver", driver);
      facts.put("library", library);
      facts.put("kernels", kernels);
      return facts;
    }

    private static Owner of(Map<String, String> facts) {
      return new Owner(facts.get("device"), facts.get("capability"), facts.get("driver"), facts.get("library"), facts.get("kernels"));
    }

    /** What differs, for example {@code driver 12080 instead of 13000}; empty if nothing does. */
    Optional<String> difference(Owner here) {
      List<String> differences = new ArrayList<>();
      Map<String, String> expected = here.facts();
      facts().forEach((name, value) -> {
        if (!value.equals(expected.get(name))) {
          differences.add(name + " " + value + " instead of " + expected.get(name));
        }
      });
      return differences.isEmpty() ? Optional.empty() : Optional.of(String.join(", ", differences));
    }
  }

  /** What is chosen for. */
  public record Subject(String op, String shape) {}

  /**
   * A time.
   *
   * @param micros median
   */
  public record Timing(Subject subject, int rows, String engine, double micros) {}

  private final Owner owner;
  private final SequencedMap<Subject, String> choices;
  private final List<Timing> timings;
  private final String checksum;

  /** A table of these times. For each subject it chooses the engine whose times, added over all numbers of rows, are the least. */
  TuningTable(Owner owner, List<Timing> timings) {
    this(owner, fastest(timings), timings);
  }

  private TuningTable(Owner owner, SequencedMap<Subject, String> choices, List<Timing> timings) {
    this.owner = owner;
    this.choices = choices;
    this.timings = List.copyOf(timings);
    this.checksum = checksum(content());
  }

  private static SequencedMap<Subject, String> fastest(List<Timing> timings) {
    SequencedMap<Subject, SequencedMap<String, Double>> sums = new LinkedHashMap<>();
    for (Timing timing : timings) {
      sums.computeIfAbsent(timing.subject(), subject -> new LinkedHashMap<>()).merge(timing.engine(), timing.micros(), Double::sum);
    }
    SequencedMap<Subject, String> fastest = new LinkedHashMap<>();
    sums.forEach((subject, engines) ->
        fastest.put(subject, engines.entrySet().stream().min(Map.Entry.comparingByValue()).orElseThrow().getKey()));
    return fastest;
  }

  public Owner owner() {
    return owner;
  }

  /** The engine of each subject, in the order in which they were measured. */
  public Map<Subject, String> choices() {
    return new LinkedHashMap<>(choices);
  }

  public List<Timing> timings() {
    return timings;
  }

  /** Eight hexadecimal digits that tell tables apart. */
  public String checksum() {
    return checksum;
  }

  /** The engine of a product; empty if it was not measured. */
  Optional<ProductEngine> engine(ProductShape shape) {
    return Optional.ofNullable(choices.get(new Subject(PRODUCT, shape.toString())))
        .flatMap(label -> Labelled.find(ProductEngine.class, label));
  }

  /** Who computes attention; empty if it was not measured. */
  Optional<AttentionEngine> attention(AttentionChoice.Kind kind) {
    return Optional.ofNullable(choices.get(new Subject(ATTENTION, kind.toString())))
        .flatMap(label -> Labelled.find(AttentionEngine.class, label));
  }

  /** The file's content. */
  byte[] toBytes() {
    return (String.join("\n", content()) + "\n" + checksum + "\n").getBytes(StandardCharsets.UTF_8);
  }

  private List<String> content() {
    List<String> lines = new ArrayList<>(List.of(HEADER));
    owner.facts().forEach((name, value) -> lines.add(String.join("\t", "owner", name, value)));
    choices.forEach((subject, engine) -> lines.add(String.join("\t", "choice", subject.op(), subject.shape(), engine)));
    for (Timing timing : timings) {
      lines.add(String.join("\t", "time", timing.subject().op(), timing.subject().shape(), Integer.toString(timing.rows()),
          timing.engine(), String.format(Locale.ROOT, "%.3f", timing.micros())));
    }
    return lines;
  }

  private static String checksum(List<String> lines) {
    CRC32 crc = new CRC32();
    lines.forEach(line -> crc.update((line + "\n").getBytes(StandardCharsets.UTF_8)));
    return String.format("%08x", crc.getValue());
  }

  /**
   * A table from its file's content.
   *
   * @throws BadInputException if it is none, or damaged; the message says how, without the file's name
   */
  static TuningTable parse(String text) {
    List<String> lines = text.lines().toList();
    int last = lines.size() - 1;
    if (last < 1 || !lines.getFirst().equals(HEADER)) {
      throw new BadInputException("no tuning table: expected \"" + HEADER + "\" as its first line");
    }
    if (!lines.get(last).equals(checksum(lines.subList(0, last)))) {
      throw new BadInputException("damaged: its checksum is wrong");
    }
    Map<String, String> facts = new LinkedHashMap<>();
    SequencedMap<Subject, String> choices = new LinkedHashMap<>();
    List<Timing> timings = new ArrayList<>();
    for (String line : lines.subList(1, last)) {
      String[] cells = line.split("\t", -1);
      switch (cells[0] + " " + cells.length) {
        case "owner 3" -> facts.put(cells[1], cells[2]);
        case "choice 4" -> choices.put(subject(cells[1], cells[2], cells[3]), cells[3]);
        case "time 6" -> timings.add(new Timing(subject(cells[1], cells[2], cells[4]), rows(cells[3]), cells[4], micros(cells[5])));
        default -> throw new BadInputException("damaged: a line of " + cells.length + " cells begins with \"" + cells[0] + "\"");
      }
    }
    Owner owner = Owner.of(facts);
    if (!List.copyOf(facts.keySet()).equals(List.copyOf(owner.facts().keySet()))) {
      throw new BadInputException("damaged: its owner has the facts " + facts.keySet() + ", expected " + owner.facts().keySet());
    }
    return new TuningTable(owner, choices, timings);
  }

  /** Op and shape, if the engine is one for them. */
  private static Subject subject(String op, String shape, String engine) {
    List<String> engines = switch (op) {
      case PRODUCT -> ProductShape.parse(shape)
          .map(product -> product.engines().stream().map(ProductEngine::label).toList()).orElse(List.of());
      case ATTENTION -> AttentionChoice.Kind.parse(shape).map(AttentionChoice.Kind::engines).orElse(List.of());
      default -> List.of();
    };
    if (!engines.contains(engine)) {
      throw new BadInputException("damaged: unknown op, shape or engine: " + String.join(", ", op, shape, engine));
    }
    return new Subject(op, shape);
  }

  private static int rows(String cell) {
    try {
      int rows = Integer.parseInt(cell);
      if (rows > 0 && rows <= LARGEST_ROWS) {
        return rows;
      }
    } catch (NumberFormatException e) {
      throw new BadInputException("damaged: \"" + cell + "\" rows", e);
    }
    throw new BadInputException("damaged: " + cell + " rows");
  }

  private static double micros(String cell) {
    try {
      double micros = Double.parseDouble(cell);
      if (micros >= 0 && Double.isFinite(micros)) {
        return micros;
      }
    } catch (NumberFormatException e) {
      throw new BadInputException("damaged: \"" + cell + "\" microseconds", e);
    }
    throw new BadInputException("damaged: " + cell + " microseconds");
  }

  @Override
  public String toString() {
    return "tuning table " + checksum + " of " + choices.size() + " shapes on " + List.copyOf(owner.facts().values());
  }
}
