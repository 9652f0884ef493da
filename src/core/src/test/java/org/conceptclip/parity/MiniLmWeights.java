package org.conceptclip.parity;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.model.ModelLayout;
import org.conceptclip.model.TextConfig;
import org.conceptclip.model.VisionConfig;
import org.conceptclip.op.PatchGeometry;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.weights.TensorLoan;
import org.conceptclip.weights.WeightSource;

/**
 * all-MiniLM-L6-v2 as a model of ours: its trained BERT as the text tower, the identity as text projection (so that raw text
 * features are its mean-pooled states) and zeros for everything that it lacks.
 */
final class MiniLmWeights implements WeightSource {
  static final int WIDTH = 384;

  /** Geometry of MiniLM; the vision tower is one patch and no block. */
  static final ModelConfig CONFIG = new ModelConfig(
      "minilm",
      new VisionConfig(new PatchGeometry(14, 14), WIDTH, 0, 6, 16, 6, 16, 1e-6, List.of(0.0, 0.0, 0.0), List.of(1.0, 1.0, 1.0)),
      new TextConfig(WIDTH, 6, 12, 1536, 30522, 512, 2, 1e-12, 0, 77),
      WIDTH);

  private static final String TEXT = "text.transformer.";

  private final OnnxFile onnx;
  private final Map<String, Shape> layout = ModelLayout.of(CONFIG);

  MiniLmWeights(OnnxFile onnx) {
    this.onnx = onnx;
  }

  @Override
  public String description() {
    return "all-MiniLM-L6-v2 (ONNX)";
  }

  @Override
  public TensorLoan borrow(String name) {
    Shape shape = layout.get(name);
    if (shape == null) {
      throw new IllegalArgumentException("no tensor " + name);
    }
    return TensorLoan.of(arena -> {
      HostTensor tensor = HostTensor.allocate(arena, DType.F32, shape.toArray());
      if (name.startsWith(TEXT)) {
        fill(tensor, name.substring(TEXT.length()));
      } else if (name.equals("text.proj.weight")) {
        for (int i = 0; i < WIDTH; i++) {
          tensor.set((long) i * WIDTH + i, 1);
        }
      }
      return tensor;
    });
  }

  private void fill(HostTensor tensor, String name) {
    OnnxFile.Initialiser stored = onnx.initialiser(name);
    if (stored != null) {
      requireShape(name, stored.extents(), tensor.shape().toArray());
      tensor.data().copyFrom(MemorySegment.ofArray(stored.data()));
      return;
    }
    OnnxFile.Initialiser transposed = matrixOfLinear(name);
    long outputs = tensor.rows();
    long inputs = tensor.columns();
    requireShape(name, transposed.extents(), new long[] {inputs, outputs});
    ByteBuffer values = ByteBuffer.wrap(transposed.data()).order(ByteOrder.LITTLE_ENDIAN);
    for (int in = 0; in < inputs; in++) {
      for (int out = 0; out < outputs; out++) {
        tensor.set(out * inputs + in, values.getFloat());
      }
    }
  }

  /** The exporter dropped the names of linear layers' matrices and transposed them; the node that multiplies kept its path. */
  private OnnxFile.Initialiser matrixOfLinear(String name) {
    String[] path = name.split("\\.");
    if (path.length < 5 || !path[path.length - 1].equals("weight")) {
      throw new IllegalArgumentException("no initialiser " + name);
    }
    String module = String.join("/", Arrays.copyOfRange(path, 3, path.length - 1));
    String node = "/encoder/layer." + path[2] + "/" + module + "/MatMul";
    List<String> inputs = onnx.inputsOf(node);
    if (inputs == null) {
      throw new IllegalArgumentException("no initialiser " + name + " and no node " + node);
    }
    return onnx.initialiser(inputs.get(1));
  }

  private static void requireShape(String name, long[] found, long[] expected) {
    if (!Arrays.equals(found, expected)) {
      throw new IllegalArgumentException(name + " is " + Arrays.toString(found) + ", expected " + Arrays.toString(expected));
    }
  }

  @Override
  public void close() {}
}
