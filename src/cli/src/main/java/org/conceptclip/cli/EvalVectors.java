package org.conceptclip.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.conceptclip.ConceptClip;
import org.conceptclip.Outcome;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.batch.RequestOptions;
import org.conceptclip.data.Npy;
import org.conceptclip.results.RunStore;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.util.OneLine;

/** Vectors of images and captions: from a run that was begun or ended before as far as they are there, else from a model. */
final class EvalVectors {
  private static final String IMAGES = "images.npy";
  private static final String TEXTS = "texts.npy";
  private static final int LONGEST_MESSAGE = 8192;

  private final Context context;
  private final Path folder;
  private final EvalModelOptions model;
  private final EvalProblems problems;
  private final SequencedMap<String, String> facts;
  private final SequencedMap<String, float[]> vectors = new LinkedHashMap<>();

  /** An image with the number of pairs that it takes part in. */
  record Picture(String key, String where, Path file, int pairs) {
    private ImageInput input() {
      return Pictures.file(file);
    }
  }

  /** A caption. */
  record Caption(String key, String text) {}

  EvalVectors(Context context, Path folder, EvalModelOptions model, SequencedMap<String, String> facts, EvalProblems problems) {
    this.context = context;
    this.folder = folder;
    this.model = model;
    this.facts = facts;
    this.problems = problems;
  }

  /** The vectors by key. An image that cannot be read is reported, once for each of its pairs, and missing. */
  Map<String, float[]> embed(List<Picture> pictures, List<Caption> captions) {
    Optional<RunStore.Stored> stored = RunStore.find(folder);
    SequencedMap<String, String> kept = stored.map(this::kept).orElseGet(LinkedHashMap::new);
    kept.forEach((key, text) -> vectors.put(key, vector(text)));
    List<Picture> missing = pictures.stream().filter(one -> !vectors.containsKey(one.key())).toList();
    List<Caption> unread = captions.stream().filter(one -> !vectors.containsKey(one.key())).toList();
    int all = pictures.size() + captions.size();
    if (missing.isEmpty() && unread.isEmpty() && stored.isPresent()) {
      model.requireSame(context.console(), stored.get(), facts);
      context.console().say("all " + all + " vectors are in " + Names.readable(folder) + "; nothing is computed anew");
      return vectors;
    }
    try (ConceptClip clip = model.open(context, facts, stored)) {
      int done = all - missing.size() - unread.size();
      if (done > 0) {
        context.console().say("resuming: " + done + " of " + all + " vectors are there");
      }
      try (RunStore store = RunStore.begin(folder, facts, kept);
          Progress progress = new Progress(context.console(), "eval", missing.size() + unread.size())) {
        texts(clip, unread, store, progress);
        images(clip, missing, store, progress);
      }
    }
    return vectors;
  }

  private void texts(ConceptClip clip, List<Caption> captions, RunStore store, Progress progress) {
    int[] next = {0};
    try (Stream<Outcome<String, float[]>> outcomes = clip.embedTexts(captions.stream().map(Caption::text))) {
      outcomes.forEachOrdered(outcome -> {
        keep(captions.get(next[0]++).key(), outcome.orThrow(), store);
        progress.advance(1);
      });
    }
  }

  private void images(ConceptClip clip, List<Picture> pictures, RunStore store, Progress progress) {
    try (Stream<Outcome<Picture, float[]>> outcomes = clip.embedImages(pictures.stream(), Picture::input, RequestOptions.DEFAULT)) {
      outcomes.forEachOrdered(outcome -> {
        Picture one = outcome.input();
        String failure = ImageReport.failureOrNull(one.input(), outcome.failureOrNull());
        if (failure == null) {
          keep(one.key(), outcome.orThrow(), store);
        } else {
          progress.aside(() -> problems.accept(OneLine.of(one.where() + ": " + failure, LONGEST_MESSAGE), one.pairs()));
        }
        progress.advance(1);
      });
    }
  }

  private void keep(String key, float[] vector, RunStore store) {
    store.add(key, text(vector));
    vectors.put(key, vector);
  }

  private SequencedMap<String, String> kept(RunStore.Stored stored) {
    stored.requireSame(EvalFacts.decisive(facts));
    if (!stored.complete()) {
      return stored.kept();
    }
    SequencedMap<String, String> kept = new LinkedHashMap<>();
    for (String name : List.of(TEXTS, IMAGES)) {
      List<String> keys = stored.keys(name);
      HostTensor rows = Npy.read(folder.resolve(name));
      for (int i = 0; i < keys.size(); i++) {
        kept.put(keys.get(i), text(rows.rows(i, 1).toFloatArray()));
      }
    }
    return kept;
  }

  private static String text(float[] vector) {
    ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * vector.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(vector);
    return Base64.getEncoder().encodeToString(bytes.array());
  }

  private float[] vector(String text) {
    try {
      byte[] bytes = Base64.getDecoder().decode(text);
      float[] vector = new float[bytes.length / Float.BYTES];
      ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(vector);
      return vector;
    } catch (IllegalArgumentException e) {
      throw new BadInputException(Names.readable(folder.resolve(RunStore.PART)) + ": damaged, expected vectors; --force starts anew", e);
    }
  }

  /** Writes the vectors as arrays, and records that the run is complete. */
  void deliver(List<Picture> pictures, List<Caption> captions) throws IOException {
    Map<String, List<String>> keys = new LinkedHashMap<>();
    write(IMAGES, pictures.stream().map(Picture::key).filter(vectors::containsKey).toList(), keys);
    write(TEXTS, captions.stream().map(Caption::key).toList(), keys);
    RunStore.complete(folder, facts, keys);
  }

  private void write(String name, List<String> rows, Map<String, List<String>> keys) {
    Npy.write(folder.resolve(name), HostTensor.ofRows(rows.stream().map(vectors::get).toList()));
    keys.put(name, new ArrayList<>(rows));
  }
}
