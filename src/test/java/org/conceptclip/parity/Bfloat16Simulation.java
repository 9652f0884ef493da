package org.conceptclip.parity;

import java.lang.foreign.Arena;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Execution;
import org.conceptclip.backend.Precision;
import org.conceptclip.op.Ops;
import org.conceptclip.op.Parameters;
import org.conceptclip.op.Workspace;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HalfFloats;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.tensor.Tensor;

/**
 * A plain bfloat16 implementation in miniature, to derive tolerances from: the float64 reference, with weight matrices and
 * tables rounded to bfloat16 and, for {@link Precision#BF16}, every op's activation output rounded as well. Arithmetic,
 * statistics, the residual stream and pooled features keep full precision, as in the CPU backend's plan.
 */
final class Bfloat16Simulation implements Backend {
  private final Backend reference;
  private final Precision precision;

  Bfloat16Simulation(Backend reference, Precision precision) {
    this.reference = reference;
    this.precision = precision;
  }

  @Override
  public String name() {
    return "simulated-" + precision.label();
  }

  @Override
  public Precision precision() {
    return precision;
  }

  @Override
  public String description() {
    return name();
  }

  @Override
  public Parameters openParameters() {
    Parameters parameters = reference.openParameters();
    return proxy(Parameters.class, (proxy, method, arguments) -> {
      int matrices = switch (method.getName()) {
        case "linear" -> 1;
        case "patchEmbedding", "tokenEmbedding" -> 2;
        default -> 0;
      };
      for (int i = 1; i <= matrices; i++) {
        int argument = method.getName().equals("patchEmbedding") ? i * 2 : i;
        arguments[argument] = rounded((HostTensor) arguments[argument]);
      }
      return invoke(parameters, method, arguments);
    });
  }

  @Override
  public Execution openExecution() {
    Execution execution = reference.openExecution();
    if (precision == Precision.BF16_WEIGHTS) {
      return execution;
    }
    Set<Tensor> activations = Collections.newSetFromMap(new IdentityHashMap<>());
    Workspace workspace = roundingWorkspace(execution.workspace(), activations);
    Ops ops = proxy(Ops.class, (proxy, method, arguments) -> {
      Object result = invoke(execution.ops(), method, arguments);
      for (Object argument : arguments) {
        if (argument instanceof Tensor tensor && activations.contains(tensor)) {
          execution.workspace().upload(rounded(execution.workspace().download(tensor, Arena.ofAuto())), tensor);
        }
      }
      return result;
    });
    return new Execution() {
      @Override
      public Ops ops() {
        return ops;
      }

      @Override
      public Workspace workspace() {
        return workspace;
      }

      @Override
      public void close() {
        execution.close();
      }
    };
  }

  @Override
  public void close() {
    reference.close();
  }

  /** Declares activations as BF16, stores them in float64, and remembers which they are. */
  private static Workspace roundingWorkspace(Workspace workspace, Set<Tensor> activations) {
    return proxy(Workspace.class, (proxy, method, arguments) -> {
      if (method.getName().equals("activationType")) {
        return DType.BF16;
      }
      if (method.getName().equals("buffer")) {
        Shape shape = arguments[2] instanceof Shape given ? given : Shape.of((long) arguments[2], (long) arguments[3]);
        boolean activation = arguments[1] == DType.BF16;
        Tensor tensor = workspace.buffer((String) arguments[0], activation ? DType.F64 : (DType) arguments[1], shape);
        if (activation) {
          activations.add(tensor);
        }
        return tensor;
      }
      return invoke(workspace, method, arguments);
    });
  }

  private static HostTensor rounded(HostTensor tensor) {
    double[] values = tensor.toDoubleArray();
    for (int i = 0; i < values.length; i++) {
      values[i] = HalfFloats.bfloat16ToFloat(HalfFloats.floatToBfloat16((float) values[i]));
    }
    return HostTensor.of(values, tensor.shape().toArray());
  }

  private static Object invoke(Object target, Method method, Object[] arguments) throws Throwable {
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private static <T> T proxy(Class<T> type, InvocationHandler handler) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }
}
