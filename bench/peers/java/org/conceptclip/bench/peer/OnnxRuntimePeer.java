package org.conceptclip.bench.peer;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.conceptclip.bench.Contestant;
import org.conceptclip.bench.ContestantFailedException;
import org.conceptclip.bench.PeerServer;
import org.conceptclip.bench.Workload;

/** ONNX Runtime on the graphs of {@code model-conversion/export_onnx.py}, all graph optimisations on. */
final class OnnxRuntimePeer implements Contestant {
  private static final int IMAGE_SIZE = 384;
  private static final int VOCABULARY = 30522;

  private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
  private final Path folder;
  private final String variant;
  private final int threads;
  private String loaded;
  private OrtSession session;
  private OnnxTensor input;

  private OnnxRuntimePeer(Path folder, String variant, int threads) {
    this.folder = folder;
    this.variant = variant;
    this.threads = threads;
  }

  /** Arguments: folder, {@code fused} or {@code plain}, threads. */
  public static void main(String[] arguments) throws IOException {
    PeerServer.serve(
        new OnnxRuntimePeer(Path.of(arguments[0]), arguments[1], Integer.parseInt(arguments[2])), System.in, System.out);
  }

  @Override
  public String name() {
    return "onnxruntime-" + variant;
  }

  @Override
  public String version() {
    return "ONNX Runtime " + environment.getVersion() + ", attention " + variant;
  }

  @Override
  public void prepare(Workload workload) {
    try {
      switch (workload) {
        case Workload.Vision vision -> {
          load("vision");
          FloatBuffer pixels = direct(vision.batch() * 3 * IMAGE_SIZE * IMAGE_SIZE * Float.BYTES).asFloatBuffer();
          pixels.put(vision.pixels(IMAGE_SIZE)).flip();
          long[] shape = {vision.batch(), 3, IMAGE_SIZE, IMAGE_SIZE};
          input = OnnxTensor.createTensor(environment, pixels, shape);
        }
        case Workload.Texts texts -> {
          load("text");
          LongBuffer ids = direct(texts.items() * texts.longest() * Long.BYTES).asLongBuffer();
          ids.put(texts.padded(VOCABULARY)).flip();
          input = OnnxTensor.createTensor(environment, ids, new long[] {texts.items(), texts.longest()});
        }
      }
    } catch (OrtException e) {
      throw new ContestantFailedException(e.getMessage(), e);
    }
  }

  private static ByteBuffer direct(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
  }

  private void load(String tower) throws OrtException {
    if (input != null) {
      input.close();
      input = null;
    }
    if (tower.equals(loaded)) {
      return;
    }
    if (session != null) {
      session.close();
    }
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(threads);
      options.setInterOpNumThreads(1);
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
      session = environment.createSession(folder.resolve(tower + "-" + variant + ".onnx").toString(), options);
      loaded = tower;
    }
  }

  @Override
  public Sample run() {
    try {
      String name = session.getInputNames().iterator().next();
      long start = System.nanoTime();
      try (OrtSession.Result result = session.run(Map.of(name, input))) {
        FloatBuffer features = ((OnnxTensor) result.get(0)).getFloatBuffer();
        long nanos = System.nanoTime() - start;
        long[] shape = ((OnnxTensor) result.get(0)).getInfo().getShape();
        float[] all = new float[features.remaining()];
        features.get(all);
        int last = (int) ((shape[0] - 1) * shape[1]);
        return new Sample(nanos, Arrays.copyOfRange(all, last, last + Sample.VALUES));
      }
    } catch (OrtException e) {
      throw new ContestantFailedException(e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    try {
      if (input != null) {
        input.close();
      }
      if (session != null) {
        session.close();
      }
    } catch (OrtException e) {
      throw new ContestantFailedException(e.getMessage(), e);
    }
  }
}
