package org.conceptclip.cli;

import de.siegmar.fastcsv.writer.CsvWriter;
import java.io.IOException;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.conceptclip.ConceptClip;
import org.conceptclip.Embedding;
import org.conceptclip.Outcome;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.batch.RequestOptions;
import org.conceptclip.explain.ConceptAnnotator;
import org.conceptclip.explain.ConceptAnnotator.Annotation;
import org.conceptclip.explain.ContactSheet;
import org.conceptclip.explain.ContactSheet.Scale;
import org.conceptclip.explain.Overlay;
import org.conceptclip.explain.Overlay.Range;
import org.conceptclip.explain.PatchMap;
import org.conceptclip.explain.Thumbnail;
import org.conceptclip.image.DecodeLimits;
import org.conceptclip.image.RgbImage;
import org.conceptclip.runtime.NonFiniteResultException;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.Parallel;

/**
 * Annotates one picture after the other and writes its files. What is wrong with a picture costs that picture only: a line says it, and it
 * is counted.
 *
 * <p>Where maps share a range, it is known after the last picture: then every picture is read a second time for painting, and the maps come
 * from their files. Kept of each picture are its names, scores and ranges.
 */
final class ConceptsRun {
  static final String VERB = "annotated";

  private final Console console;
  private final ConceptClip clip;
  private final ConceptAnnotator annotator;
  private final Overlay overlay;
  private final Scale scale;
  private final ConceptFolder folder;
  private final ShownPictures shown;
  private final ConceptResults results;
  private final ContactSheet.Head head;
  private final List<Done> done = new ArrayList<>();
  private long failed;

  /**
   * A picture whose maps are written.
   *
   * @param againOrNull the picture if it is still to be painted
   * @param ranges of its maps, or of their colours when they are painted
   * @param width columns of its overlays, 0 before these are painted
   * @param height rows of the picture in them
   */
  private record Done(String name, ImageInput againOrNull, String folder, double[] scores, List<Range> ranges, int width, int height) {}

  ConceptsRun(
      Console console, ConceptClip clip, ConceptAnnotator annotator, Overlay overlay, Scale scale, ConceptFolder folder,
      DecodeLimits limits, ConceptResults results, ContactSheet.Head head) {
    this.console = console;
    this.clip = clip;
    this.annotator = annotator;
    this.overlay = overlay;
    this.scale = scale;
    this.folder = folder;
    this.shown = new ShownPictures(limits);
    this.results = results;
    this.head = head;
  }

  /**
   * Annotates all pictures.
   *
   * @param again makes the same pictures again, to count them if somebody watches; null if they come only once
   * @return the exit code of the command
   */
  int run(Pictures pictures, Supplier<Pictures> again) {
    try (Progress progress = new Progress(console, "concepts", Progress.UNKNOWN);
        Stream<Outcome<ImageInput, Embedding>> outcomes =
            clip.imageTokens(stream(pictures), Function.identity(), RequestOptions.DEFAULT)) {
      pictures.reportTo(line -> progress.aside(() -> console.say(line)));
      if (again != null && console.interactive()) {
        ClassifyRun.count(again, progress);
      }
      for (Outcome<ImageInput, Embedding> outcome : (Iterable<Outcome<ImageInput, Embedding>>) outcomes::iterator) {
        take(outcome, progress);
        progress.advance(1);
      }
    }
    List<Done> painted = scale == Scale.IMAGE ? done : paintAll();
    if (!painted.isEmpty()) {
      folder.text(ConceptFolder.SCORES, scores(painted));
      folder.text(ConceptFolder.PAGE, page(painted, failed + pictures.problems()));
    }
    return ImageReport.exitCode(console, painted.size(), failed + pictures.problems(), VERB);
  }

  private Stream<ImageInput> stream(Pictures pictures) {
    return pictures.stream().peek(picture -> results.expect(picture.name()));
  }

  private void take(Outcome<ImageInput, Embedding> outcome, Progress progress) {
    ImageInput input = outcome.input();
    // Also for a picture that fails: those after it keep their places when it has been repaired.
    String place = folder.next(input.name());
    String failure = ImageReport.failureOrNull(input, outcome.failureOrNull());
    if (failure != null) {
      fail(failure, outcome.failureOrNull(), progress);
      return;
    }
    Embedding image = outcome.orThrow();
    Annotation found;
    RgbImage pictureOrNull = null;
    try {
      found = annotator.annotate(image);
      if (scale == Scale.IMAGE) {
        pictureOrNull = shown.of(input);
      }
    } catch (NonFiniteResultException | BadInputException e) {
      fail(ImageReport.failureOrNull(input, e), e, progress);
      return;
    }
    folder.make(place);
    for (int c = 0; c < found.maps().size(); c++) {
      folder.map(place, c, found.maps().get(c));
    }
    Done one = new Done(input.name(), input, place, found.scores(), found.maps().stream().map(Range::of).toList(), 0, 0);
    try {
      done.add(pictureOrNull == null ? one : painted(one, pictureOrNull, found.maps(), one.ranges()));
    } catch (OutOfMemoryError e) {
      fail(Shortage.line(input), e, progress);
      return;
    }
    progress.asideOfResults(() -> results.add(input.name(), found.scores()));
  }

  private void fail(String line, Throwable failure, Progress progress) {
    ImageReport.fail(console, progress, line, failure);
    failed++;
  }

  /** Writes the overlays of a picture. */
  private Done painted(Done one, RgbImage picture, List<PatchMap> maps, List<Range> ranges) {
    Parallel.map(maps.size(), c -> {
      folder.overlay(one.folder(), c, overlay.png(picture, maps.get(c), ranges.get(c), annotator.concepts().get(c)));
      return c;
    });
    folder.original(one.folder(), Thumbnail.jpeg(picture));
    return new Done(one.name(), null, one.folder(), one.scores(), ranges, picture.width(), picture.height());
  }

  /** Paints all pictures in ranges that their maps share. */
  private List<Done> paintAll() {
    List<Range> ranges = new ArrayList<>();
    for (int c = 0; c < annotator.concepts().size() && !done.isEmpty(); c++) {
      int concept = c;
      ranges.add(done.stream().map(one -> one.ranges().get(concept)).reduce(Range::with).orElseThrow());
    }
    List<Range> shared = scale == Scale.CONCEPT ? ranges
        : ranges.stream().map(_ -> ranges.stream().reduce(Range::with).orElseThrow()).toList();
    List<Done> painted = new ArrayList<>();
    try (Progress progress = new Progress(console, "paint", done.size())) {
      for (Done one : done) {
        RgbImage picture;
        try {
          picture = shown.of(one.againOrNull());
        } catch (BadInputException e) { // it has changed since
          fail(e.getMessage(), e, progress);
          continue;
        }
        List<PatchMap> maps = IntStream.range(0, shared.size()).mapToObj(c -> folder.map(one.folder(), c)).toList();
        try {
          painted.add(painted(one, picture, maps, shared));
        } catch (OutOfMemoryError e) {
          fail(Shortage.line(one.againOrNull()), e, progress);
        }
        progress.advance(1);
      }
    }
    return painted;
  }

  private String scores(List<Done> all) {
    StringWriter text = new StringWriter();
    try (CsvWriter csv = CsvWriter.builder().build(text)) {
      csv.writeRecord("image", "concept", "score");
      for (Done one : all) {
        for (int c = 0; c < one.scores().length; c++) {
          csv.writeRecord(one.name(), annotator.concepts().get(c), Double.toString(one.scores()[c]));
        }
      }
    } catch (IOException e) {
      throw new IllegalStateException("a table in memory cannot be written", e);
    }
    return text.toString();
  }

  private String page(List<Done> all, long problems) {
    List<Map.Entry<String, String>> facts = new ArrayList<>();
    facts.add(Map.entry("model", head.model()));
    facts.add(Map.entry("images", all.size() + (problems == 0 ? "" : "; " + problems + " more could not be annotated")));
    facts.add(Map.entry("concepts", String.valueOf(annotator.concepts().size())));
    facts.add(Map.entry("score", annotator.scoring().description()));
    facts.addAll(head.facts());
    List<ContactSheet.Row> rows = all.stream()
        .map(one -> new ContactSheet.Row(one.name(), one.folder(), one.width(), one.height(), one.scores(), one.ranges())).toList();
    return ContactSheet.html(new ContactSheet.Head(head.model(), facts, head.notices()), scale, annotator.concepts(), folder.files(), rows);
  }
}
