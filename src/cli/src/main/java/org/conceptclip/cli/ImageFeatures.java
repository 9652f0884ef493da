package org.conceptclip.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.conceptclip.ConceptClip;
import org.conceptclip.ConceptClipOptions;
import org.conceptclip.Outcome;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.batch.RequestOptions;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.image.Preprocessor;
import org.conceptclip.probe.FeatureCache;
import org.conceptclip.probe.FeatureRows;
import org.conceptclip.probe.FeatureSource;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.util.Sha256;

/**
 * Features of images, which are computed unless the cache has them. What is wrong with an image costs that image only: a line says it, and
 * it is counted.
 */
final class ImageFeatures {
  private final Context context;
  private final FeatureOptions options;
  private final Consumer<FeatureSource> check;
  private FeatureSource source;

  /**
   * Features of the images that have some, in their order.
   *
   * @param names of these images
   * @param places of these images among those that were asked for, from 0
   * @param failed number of images without features
   */
  record Result(FeatureRows rows, List<String> names, List<Integer> places, FeatureSource source, long failed) {}

  /** An image on its way; what was read of its file when it was hashed is null without a cache. */
  private record Item(ImageInput image, int place, byte[] hashOrNull, State stateOrNull) {}

  private record State(long size, FileTime modified) {
    static State of(Path file) throws IOException {
      return new State(Files.size(file), Files.getLastModifiedTime(file));
    }
  }

  /** @param check refuses a model, before its weights are prepared */
  ImageFeatures(Context context, FeatureOptions options, Consumer<FeatureSource> check) {
    this.context = context;
    this.options = options;
    this.check = check;
  }

  /**
   * Computes features.
   *
   * @param problems images that were asked for and not found, once all are read
   * @throws BadInputException if no image has features
   */
  Result of(Iterator<ImageInput> images, IntSupplier problems) {
    ConceptClipOptions.Builder library = options.backend().library(context).engine(options.images().engine()).inspection(this::inspect);
    options.model().choose(library);
    try (ConceptClip clip = ConceptClip.open(library.build());
        FeatureCache cache = cacheOrNull(clip)) {
      List<float[]> vectors = new ArrayList<>();
      List<String> names = new ArrayList<>();
      long failed = embed(clip, cache, images, vectors, names) + problems.getAsInt();
      List<Integer> places = IntStream.range(0, vectors.size()).filter(i -> vectors.get(i) != null).boxed().toList();
      if (places.isEmpty()) {
        throw new BadInputException("no image has features, expected at least one; the messages above say why");
      }
      if (cache != null && cache.hits() > 0) {
        context.console().say("features of " + cache.hits() + " of " + names.size() + " images were kept from earlier runs, in "
            + Names.readable(cache.folder()));
      }
      FeatureRows rows = FeatureRows.of("images", HostTensor.ofRows(places.stream().map(vectors::get).toList()));
      return new Result(rows, places.stream().map(names::get).toList(), places, source, failed);
    }
  }

  private void inspect(OpenModel model) {
    source = new FeatureSource(model.fingerprint(), model.name(), Preprocessor.VERSION);
    check.accept(source);
  }

  private FeatureCache cacheOrNull(ConceptClip clip) {
    Path folder = options.cacheOrNull(context.console());
    // The model's name, with which the description begins, may be that of a folder.
    String description = clip.description();
    String computedBy = clip.backend() + ", " + description.substring(description.indexOf(source.name()) + source.name().length());
    return folder == null ? null : FeatureCache.open(folder, source, computedBy, clip.dimension(), context.console()::say);
  }

  /** Fills the lists, with null for an image without a vector. Returns the number of images that failed. */
  private long embed(ConceptClip clip, FeatureCache cache, Iterator<ImageInput> images, List<float[]> vectors, List<String> names) {
    long failed = 0;
    Stream<ImageInput> inputs = StreamSupport.stream(Spliterators.spliteratorUnknownSize(images, Spliterator.ORDERED), false);
    Stream<Item> misses = inputs.map(image -> {
      names.add(image.name());
      vectors.add(null);
      return item(image, vectors.size() - 1, cache);
    }).filter(item -> item.hashOrNull == null || !isKept(item, cache, vectors));
    try (Progress progress = new Progress(context.console(), "features", Progress.UNKNOWN);
        Stream<Outcome<Item, float[]>> outcomes = clip.embedImages(misses, Item::image, RequestOptions.DEFAULT)) {
      for (Outcome<Item, float[]> outcome : (Iterable<Outcome<Item, float[]>>) outcomes::iterator) {
        String failure = ImageReport.failureOrNull(outcome.input().image, outcome.failureOrNull());
        if (failure != null) {
          failed++;
          ImageReport.fail(context.console(), progress, failure, outcome.failureOrNull());
        } else {
          vectors.set(outcome.input().place, outcome.orThrow());
          keep(outcome.input(), outcome.orThrow(), cache);
        }
        progress.reach(outcome.input().place + 1);
      }
    }
    return failed;
  }

  private static boolean isKept(Item item, FeatureCache cache, List<float[]> vectors) {
    float[] kept = cache.getOrNull(item.hashOrNull);
    vectors.set(item.place, kept);
    return kept != null;
  }

  /** An image with the hash of its content, if there is a cache and the file can be read; the engine says what is wrong with others. */
  private static Item item(ImageInput image, int place, FeatureCache cache) {
    if (cache == null) {
      return new Item(image, place, null, null);
    }
    try {
      return switch (image) {
        case ImageInput.File(Path path, String _) when Files.isRegularFile(path) -> {
          State state = State.of(path);
          yield new Item(image, place, Sha256.of(path), state);
        }
        case ImageInput.Encoded(byte[] bytes, String _) -> new Item(image, place, Sha256.of(bytes), null);
        default -> new Item(image, place, null, null);
      };
    } catch (IOException e) {
      return new Item(image, place, null, null);
    }
  }

  /** Keeps a vector, unless the file has changed since it was hashed: then nobody knows which content was embedded. */
  private static void keep(Item item, float[] vector, FeatureCache cache) {
    if (item.hashOrNull == null) {
      return;
    }
    try {
      if (!(item.image instanceof ImageInput.File file) || State.of(file.path()).equals(item.stateOrNull)) {
        cache.put(item.hashOrNull, vector);
      }
    } catch (IOException e) {
      // The file has gone: it has its vector, and no later run will ask for it.
      return;
    }
  }
}
