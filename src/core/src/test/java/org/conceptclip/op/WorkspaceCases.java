package org.conceptclip.op;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.stream.Stream;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Tensor;

/** Cases of {@link Workspace}. */
final class WorkspaceCases {
  private WorkspaceCases() {}

  static Stream<ContractCase> all() {
    return Stream.of(
        new ContractCase("values survive a round trip, rounded to nearest", WorkspaceCases::roundTrip),
        new ContractCase("bytes survive a round trip", WorkspaceCases::bytes),
        new ContractCase("float64 stays, every other type comes out as float32", WorkspaceCases::downloadTypes),
        new ContractCase("a buffer grows and shrinks under its name", WorkspaceCases::growing),
        new ContractCase("rows are a view", WorkspaceCases::rows),
        new ContractCase("types are ordered by precision", WorkspaceCases::types));
  }

  private static void roundTrip(Bench bench) {
    double[][] values = Values.normal(80, 7, 33, 1);
    values[0][0] = 1 + 0x1p-8; // halfway between two bfloat16: goes to the even one
    values[0][1] = 1 + 0x3p-8;
    values[0][2] = 1 + 0x1p-11; // the same for float16
    values[0][3] = 0;
    values[0][4] = -65504;
    double[][] floats = Rounding.to(DType.F32, values);
    for (DType type : Stream.of(bench.activation(), bench.residual(), bench.feature()).distinct().toList()) {
      Tensor tensor = bench.workspace().buffer("contract.trip", type, 7, 33);
      bench.workspace().upload(Bench.host(floats), tensor);
      Comparison.checkIdentical("round trip of " + type, bench.download(tensor), Rounding.to(type, floats));
    }
  }

  private static void bytes(Bench bench) {
    HostTensor host = HostTensor.allocate(Arena.ofAuto(), DType.U8, 3, 5);
    for (int i = 0; i < 15; i++) {
      host.data().set(ValueLayout.JAVA_BYTE, i, (byte) (i * 17));
    }
    Tensor tensor = bench.workspace().buffer("contract.bytes", DType.U8, 3, 5);
    bench.workspace().upload(host, tensor);
    if (tensor.dtype() != DType.U8 || !tensor.shape().equals(host.shape())) {
      throw new AssertionError("buffer is " + tensor.dtype() + " " + tensor.shape() + ", expected " + host);
    }
  }

  private static void downloadTypes(Bench bench) {
    for (DType type : Stream.of(bench.activation(), bench.residual(), bench.feature()).distinct().toList()) {
      Bench.Operand operand = bench.input(type, Values.normal(81, 2, 3, 1));
      try (Arena arena = Arena.ofConfined()) {
        HostTensor host = bench.workspace().download(operand.tensor(), arena);
        DType expected = type == DType.F64 ? DType.F64 : DType.F32;
        if (host.dtype() != expected || !host.shape().equals(operand.tensor().shape())) {
          throw new AssertionError("download of " + type + " " + operand.tensor().shape() + " is " + host);
        }
      }
    }
  }

  private static void growing(Bench bench) {
    for (int rows : new int[] {2, 300, 5}) {
      double[][] values = Rounding.to(bench.activation(), Rounding.to(DType.F32, Values.normal(82, rows, 24, 1)));
      Tensor tensor = bench.workspace().buffer("contract.growing", bench.activation(), rows, 24);
      bench.workspace().upload(Bench.host(values), tensor);
      Comparison.checkIdentical(rows + " rows", bench.download(tensor), values);
    }
  }

  private static void rows(Bench bench) {
    Bench.Operand all = bench.input(bench.activation(), Values.normal(83, 9, 24, 1));
    Tensor middle = bench.rows(all, 4, 3);
    Comparison.checkIdentical("rows", bench.download(middle), Arrays.copyOfRange(all.values(), 4, 7));
    Tensor inner = bench.workspace().rows(middle, 1, 1);
    Comparison.checkIdentical("rows of rows", bench.download(inner), new double[][] {all.values()[5]});
  }

  private static void types(Bench bench) {
    double activation = Rounding.unit(bench.activation());
    double residual = Rounding.unit(bench.residual());
    double feature = Rounding.unit(bench.feature());
    if (residual > activation || feature > Rounding.unit(DType.F32)) {
      throw new AssertionError("residual " + bench.residual() + ", activation " + bench.activation() + ", feature "
          + bench.feature() + ": expected a residual as precise as activations and features of float32 or better");
    }
  }
}
