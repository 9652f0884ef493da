package org.conceptclip.cli;

import com.google.gson.Gson;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.conceptclip.backend.Backend;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.calibration.Calibration;
import org.conceptclip.calibration.CalibrationFile;
import org.conceptclip.calibration.Calibrator;
import org.conceptclip.calibration.NoiseImages;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.image.DecodeCheckpoint;
import org.conceptclip.image.PixelDecoder;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.util.Closer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code calibrate}: measures whether and how a model can compute in fp8, and writes the file that {@code --precision fp8} needs. */
@Command(
    name = "calibrate",
    description = "Measures what 8-bit products do to a model's image features, chooses the products that may have 8 bits, and writes the"
        + " calibration that --precision fp8 needs.",
    sortOptions = false,
    footer = {
      "",
      "Half of the images are held out: cosines are about them. Exit code 9 if fp8 is not recommended for this model: a lowest cosine",
      "below 0.999. The file is written all the same; --precision fp8 refuses it.",
      "",
      "Example:",
      "  conceptclip calibrate --model ./ConceptCLIP --images scans/ --report"
    })
final class CalibrateCommand implements Callable<Integer> {
  private static final int MOST_IMAGES = 4096;

  private final Context context;

  @Option(
      names = "--images",
      arity = "1..*",
      paramLabel = "IMAGE",
      description = "files, folders or patterns as for classify: pictures of the kind that the model will see (default: noise, which is"
          + " weak evidence)")
  private List<Path> images = List.of();

  @Option(
      names = "--images-from",
      paramLabel = "FILE",
      description = "also take the images and folders that this file names, as for classify")
  private Path list;

  @Option(names = {"-r", "--recursive"}, description = "also take the pictures in folders of folders")
  private boolean recursive;

  @Option(
      names = "--count",
      paramLabel = "N",
      defaultValue = "16",
      description = "take this many of the images, spread evenly over them (default: ${DEFAULT-VALUE})")
  private int count;

  @Option(
      names = "--out",
      paramLabel = "Y.json",
      defaultValue = "calibration.json",
      description = "file to write (default: ${DEFAULT-VALUE})")
  private Path target;

  @Option(names = "--report", description = "print a table of all products, and the cosines of the features with and without the choice")
  private boolean report;

  @Option(names = "--json", description = "print the calibration as one line of JSON")
  private boolean json;

  @Mixin private ModelOptions model;

  @Mixin private BackendOptions backend;

  @Mixin private ImageOptions imageOptions;

  private int problems;

  CalibrateCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (report && json) {
      throw new UsageException("--report and --json: expected one of them");
    }
    if (count < Calibrator.FEWEST_IMAGES || count > MOST_IMAGES) {
      throw new UsageException("--count " + count + ": expected " + Calibrator.FEWEST_IMAGES + " to " + MOST_IMAGES);
    }
    OutputFiles.requirePlace("--out", target);
    try (Closer resources = new Closer()) {
      OpenModel open = resources.own(model.open(context.console()));
      int size = open.config().vision().geometry().imageSize();
      boolean generated = images.isEmpty() && list == null;
      List<HostTensor> pictures = generated ? NoiseImages.of(count, size) : pictures(size);
      Backend started = resources.own(backend.open(context, false));
      if (generated) {
        context.console().say("no --images: measuring on " + count + " pictures of noise, which is weak evidence");
      }
      Calibration calibration = measure(open, started, pictures, generated);
      OutputFiles.replace("--out", target, CalibrationFile.bytes(calibration));
      print(calibration);
      context.console().say("wrote " + Names.readable(target) + " (model " + open.name() + ", measured on backend " + started.name() + ", "
          + started.precision().label() + ")");
      return exitCode(calibration);
    }
  }

  private Calibration measure(OpenModel open, Backend started, List<HostTensor> pictures, boolean generated) {
    try (Progress progress = new Progress(context.console(), "calibrate", Progress.UNKNOWN)) {
      return Calibrator.measure(open, started, pictures, generated, (done, all) -> {
        progress.total(all);
        progress.reach(done);
      }, line -> progress.aside(() -> context.console().say(line)));
    }
  }

  private int exitCode(Calibration calibration) {
    if (problems > 0) {
      context.console().say(problems + (problems == 1 ? " image" : " images") + " could not be used; the messages above say why");
    }
    return !calibration.recommended() ? ExitCode.NOT_RECOMMENDED : problems > 0 ? ExitCode.PARTLY_DONE : ExitCode.DONE;
  }

  private void print(Calibration calibration) {
    Results out = context.console().out();
    if (json) {
      out.line(new Gson().toJson(CalibrationFile.json(calibration)));
    } else if (report) {
      new CalibrationTable(calibration).lines().forEach(out::line);
    } else {
      out.line(calibration.verdict());
    }
    out.flush();
  }

  /** So many of the pictures that were asked for, decoded; those that cannot be are reported and left out. */
  private List<HostTensor> pictures(int size) {
    List<ImageInput> found = new ArrayList<>();
    Stdin stdin = new Stdin(context.console().in());
    try (Pictures all = new Pictures(recursive, stdin, context.console()::say).named(images)) {
      (list == null ? all : all.listed(NameList.open(list, stdin))).forEachRemaining(found::add);
      problems = all.problems();
    }
    int taken = Math.min(count, found.size());
    List<HostTensor> pictures = new ArrayList<>();
    try (PixelDecoder decoder = new PixelDecoder(imageOptions.limits())) {
      for (int i = 0; i < taken; i++) {
        decode(decoder, found.get((int) ((long) i * found.size() / taken)), size, pictures);
      }
    }
    if (pictures.size() < Calibrator.FEWEST_IMAGES) {
      throw new BadInputException("--images: " + pictures.size() + " usable images, expected at least " + Calibrator.FEWEST_IMAGES
          + ", and better some dozens");
    }
    return pictures;
  }

  private void decode(PixelDecoder decoder, ImageInput image, int size, List<HostTensor> pictures) {
    HostTensor pixels = HostTensor.allocate(Arena.ofAuto(), DType.U8, size, size, 3);
    try {
      switch (image) {
        case ImageInput.File(Path path, String name) -> decoder.decodeInto(path, name, size, pixels.data(), 0, DecodeCheckpoint.NONE);
        case ImageInput.Encoded(byte[] bytes, String name) -> decoder.decodeInto(bytes, name, size, pixels.data(), 0);
        case ImageInput.Pixels _ -> throw new IllegalStateException("pixels of a file");
      }
      pictures.add(pixels);
    } catch (BadInputException e) {
      problems++;
      context.console().fail(e.getMessage(), e);
    } catch (OutOfMemoryError e) {
      problems++;
      context.console().fail(Shortage.line(image), e);
    }
  }
}
