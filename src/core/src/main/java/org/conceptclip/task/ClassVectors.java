package org.conceptclip.task;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoding;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.text.TokenizedText;
import org.conceptclip.util.OneLine;

/**
 * The vectors of classes that were given in words; images are compared with them. Immutable.
 *
 * <p>The text vector of a class is the mean of the normalised features of its prompts, normalised again. Its concept vector is the mean of
 * the projected features of the tokens of the class name in each prompt, averaged over the prompts and normalised. Source: the official
 * zero-shot evaluation, except that the tokens of the class name are found by character offsets. The official script looks up each word
 * piece of the name by its first occurrence in the prompt, which finds other tokens if a piece also occurs elsewhere.
 *
 * @param labels class names
 * @param textFeatures [C, E], L2-normalised rows, in the floating-point type of the backend's features
 * @param concepts [C, E], L2-normalised rows; {@code null} if they were not asked for
 * @param truncated labels with a prompt that was longer than the model's context and was cut
 */
public record ClassVectors(List<String> labels, HostTensor textFeatures, HostTensor concepts, List<String> truncated) {
  /** Number of prompts whose token features are in memory at the same time. */
  private static final int PROMPTS_PER_CALL = 64;

  /**
   * Encodes every label in every template.
   *
   * @param encoder computes the features of prompts, in their order
   * @param tokenizer converts prompts to tokens, in their order, cut to the model's context
   * @param withConcepts whether to compute concept vectors
   * @throws BadInputException if labels are blank or repeated, there is no template, or a class name has no token within the context
   */
  public static ClassVectors encode(
      BiFunction<List<TokenizedText>, Detail, List<Encoding>> encoder,
      Function<List<String>, List<TokenizedText>> tokenizer,
      List<String> labels,
      List<PromptTemplate> templates,
      boolean withConcepts) {
    List<String> names = Labels.checked(labels);
    if (templates.isEmpty()) {
      throw new BadInputException("templates: found none, expected at least one");
    }
    List<Entry> entries = IntStream.range(0, names.size()).boxed()
        .flatMap(label -> templates.stream().map(template -> new Entry(label, names.get(label), template)))
        .toList();
    Sums sums = new Sums(names.size(), withConcepts);
    for (int first = 0; first < entries.size(); first += PROMPTS_PER_CALL) {
      encode(encoder, tokenizer, entries.subList(first, Math.min(entries.size(), first + PROMPTS_PER_CALL)), sums);
    }
    return new ClassVectors(
        names,
        normalised(sums.text, sums.type),
        withConcepts ? normalised(sums.concepts, sums.type) : null,
        List.copyOf(sums.truncated));
  }

  /** Adds the vectors of some prompts to the sums. */
  private static void encode(
      BiFunction<List<TokenizedText>, Detail, List<Encoding>> encoder,
      Function<List<String>, List<TokenizedText>> tokenizer,
      List<Entry> entries,
      Sums sums) {
    // One prompt at a time: class names of megabytes would else be in memory once for each template.
    List<int[]> spans = new ArrayList<>();
    List<TokenizedText> texts = new ArrayList<>();
    for (Entry entry : entries) {
      Prompt prompt = entry.template().fill(entry.label());
      TokenizedText text = tokenizer.apply(List.of(prompt.text())).getFirst();
      texts.add(text);
      spans.add(span(entry, prompt, text));
    }
    List<Encoding> encodings = encoder.apply(texts, sums.concepts != null ? Detail.TOKENS : Detail.FEATURES);
    sums.type = encodings.getFirst().features().dtype();
    for (int i = 0; i < entries.size(); i++) {
      Entry entry = entries.get(i);
      TokenizedText text = texts.get(i);
      if (text.truncated()) {
        sums.truncated.add(entry.label());
      }
      int[] span = spans.get(i);
      addRow(encodings.get(i).features(), 0, 1.0, sums.text, entry.index());
      if (sums.concepts != null) {
        for (int token : span) {
          addRow(encodings.get(i).tokenFeatures(), token, 1.0 / span.length, sums.concepts, entry.index());
        }
      }
    }
  }

  /** The tokens of the class name. A name without tokens is rejected: it would be scored as the bare template. */
  private static int[] span(Entry entry, Prompt prompt, TokenizedText text) {
    int[] span = text.tokensOfSpan(prompt.labelStart(), prompt.labelEnd());
    if (span.length == 0) {
      throw new BadInputException("label " + OneLine.quoted(entry.label(), Labels.LONGEST) + " in template "
          + OneLine.quoted(entry.template().toString(), Labels.LONGEST) + ": found no token of it among the prompt's " + text.length()
          + (text.truncated() ? " (the prompt was cut to the context length)" : "") + ", expected at least one");
    }
    return span;
  }

  private static void addRow(HostTensor rows, long row, double factor, double[][] sums, int index) {
    int width = Math.toIntExact(rows.columns());
    if (sums[index] == null) {
      sums[index] = new double[width];
    }
    for (int c = 0; c < width; c++) {
      sums[index][c] += factor * rows.getDouble(row * width + c);
    }
  }

  /** The rows divided by their norms. The means need not be taken first: normalisation cancels the division. */
  private static HostTensor normalised(double[][] sums, DType type) {
    int width = sums[0].length;
    HostTensor rows = HostTensor.allocate(Arena.ofAuto(), type, sums.length, width);
    for (int r = 0; r < sums.length; r++) {
      double square = 0;
      for (double value : sums[r]) {
        square += value * value;
      }
      double norm = Math.max(Math.sqrt(square), 1e-12);
      for (int c = 0; c < width; c++) {
        rows.set((long) r * width + c, sums[r][c] / norm);
      }
    }
    return rows;
  }

  /** One label, class {@code index}, in one template. */
  private record Entry(int index, String label, PromptTemplate template) {}

  /** Sums over prompts, per class; {@code null} before the first, and {@code concepts} if they were not asked for. */
  private static final class Sums {
    final double[][] text;
    final double[][] concepts;
    final Set<String> truncated = new LinkedHashSet<>();
    DType type;

    Sums(int classes, boolean withConcepts) {
      this.text = new double[classes][];
      this.concepts = withConcepts ? new double[classes][] : null;
    }
  }
}
