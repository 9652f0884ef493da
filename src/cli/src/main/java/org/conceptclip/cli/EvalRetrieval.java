package org.conceptclip.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import org.conceptclip.data.Items;
import org.conceptclip.data.TableWriter;
import org.conceptclip.evaluate.BootstrapOptions;
import org.conceptclip.evaluate.Retrieval;
import org.conceptclip.evaluate.RetrievalReport;
import org.conceptclip.report.Page;
import org.conceptclip.results.FigureText;
import org.conceptclip.results.MetricsJson;
import org.conceptclip.results.RetrievalPage;
import org.conceptclip.results.RetrievalRun;
import org.conceptclip.results.RunStore;
import org.conceptclip.util.OneLine;

/** {@code eval} of pairs of image and caption: how well each finds the other. */
record EvalRetrieval(Context context, EvalDataOptions data, EvalModelOptions model, EvalFigureOptions figures,
    BootstrapOptions bootstrap, Path folder, boolean json, EvalProblems problems) {

  /**
   * Evaluates.
   *
   * @param labelled whether there are labels, which retrieval has no use for
   * @param facts what results depend on of the data; those of the model are added
   */
  int run(Items items, boolean labelled, SequencedMap<String, String> facts) throws IOException {
    if (!data.groups().isEmpty() || data.validationFile().isPresent() || data.validationColumn().isPresent()
        || figures.other().isPresent()) {
      throw new UsageException("--group, --validation, --validation-column and --compare: retrieval has none of them");
    }
    if (labelled || model.hasTemplates()) {
      throw new UsageException("--labels, --template and --templates: retrieval has none of them; its texts are the captions of the table");
    }
    List<EvalDataOptions.Work> work = data.work(items, "", false, problems);
    Map<Path, EvalVectors.Picture> pictures = new LinkedHashMap<>();
    Map<String, EvalVectors.Caption> captions = new LinkedHashMap<>();
    for (EvalDataOptions.Work one : work) {
      pictures.merge(one.image(), new EvalVectors.Picture("i" + one.key(), one.item().where(), one.image(), 1),
          (old, again) -> new EvalVectors.Picture(old.key(), old.where(), old.file(), old.pairs() + 1));
      captions.putIfAbsent(one.item().text(), new EvalVectors.Caption("t" + one.key(), one.item().text()));
    }
    List<EvalVectors.Picture> images = List.copyOf(pictures.values());
    List<EvalVectors.Caption> texts = List.copyOf(captions.values());
    EvalVectors vectors = new EvalVectors(context, folder, model, facts, problems);
    Map<String, float[]> found = work.isEmpty() ? Map.of() : vectors.embed(images, texts);
    List<EvalDataOptions.Work> pairs = work.stream().filter(one -> found.containsKey(pictures.get(one.image()).key())).toList();
    if (pairs.isEmpty()) {
      RunStore.forget(folder);
      return EvalCommand.exitCode(context.console(), 0, problems.count(), true);
    }
    vectors.deliver(images, texts);
    deliver(pairs, report(pairs, pictures, captions, found), EvalFigures.about(facts, items));
    return EvalCommand.exitCode(context.console(), pairs.size(), problems.count(), true);
  }

  /** The report, with the ranks of both directions for each pair. */
  private record Found(RetrievalReport report, int[] imageOfText) {}

  private Found report(List<EvalDataOptions.Work> pairs, Map<Path, EvalVectors.Picture> pictures,
      Map<String, EvalVectors.Caption> captions, Map<String, float[]> vectors) {
    boolean each = data.eachPair();
    Map<Object, Integer> indices = new LinkedHashMap<>();
    List<float[]> images = new ArrayList<>();
    float[][] texts = new float[pairs.size()][];
    int[] imageOfText = new int[pairs.size()];
    for (int i = 0; i < texts.length; i++) {
      EvalDataOptions.Work one = pairs.get(i);
      texts[i] = vectors.get(captions.get(one.item().text()).key());
      imageOfText[i] = indices.computeIfAbsent(each ? one.key() : one.image(), key -> {
        images.add(vectors.get(pictures.get(one.image()).key()));
        return images.size() - 1;
      });
    }
    return new Found(
        Retrieval.report(images.toArray(float[][]::new), texts, imageOfText, RetrievalReport.RANKS, bootstrap), imageOfText);
  }

  private void deliver(List<EvalDataOptions.Work> pairs, Found found, SequencedMap<String, String> about) throws IOException {
    ranks(pairs, found);
    List<String> warnings = new ArrayList<>();
    if (pairs.size() < bootstrap.smallestGroup()) {
      warnings.add(pairs.size() + " pairs: fewer than " + bootstrap.smallestGroup() + " say little");
    }
    about.put("pairs",
        data.eachPair() ? "each row by itself, as in the official script" : "an image once, found by the best of its captions");
    String name = about.remove(EvalFacts.MODEL);
    String notice = about.remove(EvalFacts.NOTICE);
    RetrievalRun run = new RetrievalRun(name, notice, about, pairs.size(), found.report(), bootstrap, problems.count(), warnings);
    byte[] figures = MetricsJson.file(run.json()).getBytes(StandardCharsets.UTF_8);
    OutputFiles.replace("--out", folder.resolve(EvalFacts.METRICS), figures);
    OutputFiles.replace("--out", folder.resolve(EvalFacts.REPORT), RetrievalPage.of(run).getBytes(StandardCharsets.UTF_8));
    warnings.forEach(warning -> context.console().say("warning: " + warning));
    if (json) {
      context.console().out().line(MetricsJson.line(run.json()));
    } else {
      print(run);
    }
    context.console().say("wrote " + Names.readable(folder.resolve(EvalFacts.REPORT)) + " and the files beside it");
  }

  /** The ranks of each pair, from 1: of its caption for its image (the best of the image's captions), and of its image for its caption. */
  private void ranks(List<EvalDataOptions.Work> pairs, Found found) throws IOException {
    int[] ofImages = found.report().imageToText().ranks();
    int[] ofTexts = found.report().textToImage().ranks();
    TableWriter.write(folder.resolve(EvalFacts.RANKS), List.of("image", "caption", "image_to_text_rank", "text_to_image_rank"),
        IntStream.range(0, pairs.size()).mapToObj(i -> List.of(pairs.get(i).item().image(), pairs.get(i).item().text(),
            String.valueOf(ofImages[found.imageOfText()[i]]), String.valueOf(ofTexts[i]))));
  }

  private void print(RetrievalRun run) {
    Results out = context.console().out();
    out.line(run.pairs() + " pairs, model " + OneLine.of(run.model(), 200) + (run.failed() > 0 ? ", " + run.failed() + " failed" : ""));
    print(out, "images find captions", run.report().imageToText());
    print(out, "captions find images", run.report().textToImage());
    out.line("");
    out.line("In parentheses: intervals of " + Math.round(100 * bootstrap.level()) + " %. " + Page.FOR_RESEARCH);
  }

  private static void print(Results out, String name, RetrievalReport.Direction direction) {
    out.line("");
    out.line(name + ": " + direction.queries() + " queries among " + direction.gallery());
    // At the gallery's size and above, everything is found.
    direction.recall().stream().filter(one -> one.k() < direction.gallery())
        .forEach(one -> out.line(String.format("  %-14s %s", "recall at " + one.k(), FigureText.of(one.value()))));
    out.line("  median rank    " + FigureText.rank(direction.medianRank()));
  }
}
