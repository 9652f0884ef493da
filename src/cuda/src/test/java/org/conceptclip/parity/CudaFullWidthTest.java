package org.conceptclip.parity;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.OnEmulator;
import org.conceptclip.backend.Precision;
import org.conceptclip.backend.cuda.CudaBackend;
import org.conceptclip.backend.cuda.CudaOptions;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedCudaDriver;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedDevice;
import org.conceptclip.backend.reference.ReferenceBackend;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.model.ModelLayout;
import org.conceptclip.model.TextConfig;
import org.conceptclip.model.VisionConfig;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.runtime.Encoding;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.weights.SyntheticWeights;
import org.junit.jupiter.api.Test;

/**
 * One block of each tower at the published model's width, with everything around it, on emulated devices: an image of 729 tokens and
 * packed texts. The limit is twice what {@link NarrowSimulation} errs against float64, measured here on the same input.
 */
@OnEmulator
class CudaFullWidthTest {
  private static final int[] TEXT_LENGTHS = {77, 5, 33, 12};
  private static final ModelConfig CONFIG = config();
  private static final Map<String, HostTensor> TRUTH = outputs(new ReferenceBackend());

  private static ModelConfig config() {
    ModelConfig full = ModelConfig.conceptClip("one block");
    VisionConfig v = full.vision();
    TextConfig t = full.text();
    return new ModelConfig(
        full.name(),
        new VisionConfig(v.geometry(), v.width(), 1, v.heads(), v.mlpHidden(), v.poolHeads(), v.poolMlpHidden(),
            v.layerNormEpsilon(), v.imageMean(), v.imageStd()),
        // A small vocabulary: rows of a table that are never looked up prove nothing.
        new TextConfig(t.width(), 1, t.heads(), t.mlpHidden(), 1000, t.maxPositions(), t.tokenTypes(), t.layerNormEpsilon(),
            t.paddingId(), t.contextLength()),
        full.embeddingWidth());
  }

  @Test
  void portableKernelsWithFloat32Residual() {
    check(80, DType.F32);
  }

  @Test
  void hopperKernelsWithFloat16Residual() {
    check(90, DType.F16);
  }

  private static void check(int capability, DType residual) {
    Map<String, HostTensor> plain = outputs(new NarrowSimulation(Precision.FP16, residual));
    EmulatedCudaDriver driver = EmulatedCudaDriver.open(EmulatedDevice.ofCapability(capability), System.err::println);
    Map<String, HostTensor> found = outputs(new CudaBackend("emulated", driver, CudaOptions.defaults().withResidualType(residual)));
    TRUTH.forEach((name, truth) -> {
      Errors allowed = Errors.between(plain.get(name), truth);
      Errors errors = Errors.between(found.get(name), truth);
      System.out.println("sm_" + capability + ", residual " + residual + ": " + name + " " + errors + "; plain " + allowed);
      assertTrue(allowed.rmsOverRms() > 0, name + ": the simulation rounds nothing");
      errors.assertWithin(name, 2 * allowed.maxOverRms(), 2 * allowed.rmsOverRms());
      assertTrue(
          errors.oneMinusCosine() <= 2 * allowed.oneMinusCosine(), () -> name + ": " + errors + ", plain " + allowed);
    });
  }

  /** Every output by name; the backend is closed after it. */
  private static Map<String, HostTensor> outputs(Backend backend) {
    Map<String, HostTensor> outputs = new LinkedHashMap<>();
    try (backend;
        SyntheticWeights weights = new SyntheticWeights(CONFIG.name(), ModelLayout.of(CONFIG));
        Encoder encoder = Encoder.load(CONFIG, weights, backend, notice -> {})) {
      Encoding images = encoder.encodeImages(image(), Detail.STATES);
      outputs.put("image features", images.features());
      outputs.put("raw image features", images.rawFeatures());
      outputs.put("image token features", images.tokenFeatures().reshape(729, 1152));
      outputs.put("image token states", images.tokenStates().reshape(729, 1152));
      Encoding texts = encoder.encodeTexts(texts(), Detail.STATES);
      outputs.put("text features", texts.features());
      outputs.put("raw text features", texts.rawFeatures());
      outputs.put("text token features", texts.tokenFeatures());
      outputs.put("text token states", texts.tokenStates());
    }
    return outputs;
  }

  private static HostTensor image() {
    byte[] pixels = new byte[384 * 384 * 3];
    new Random(5).nextBytes(pixels);
    return HostTensor.view(DType.U8, Shape.of(1, 384, 384, 3), MemorySegment.ofArray(pixels));
  }

  private static TokenBatch texts() {
    Random random = new Random(6);
    List<int[]> texts = Arrays.stream(TEXT_LENGTHS)
        .mapToObj(length -> IntStream.range(0, length).map(i -> 1 + random.nextInt(999)).toArray())
        .toList();
    return TokenBatch.packed(texts);
  }
}
