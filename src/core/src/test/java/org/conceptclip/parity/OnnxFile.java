package org.conceptclip.parity;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What parity tests need of an ONNX file: its float32 initialisers, and the inputs of its nodes by node name. Read off the
 * protobuf wire; fields by their numbers in onnx.proto (ModelProto.graph 7; GraphProto.node 1, initializer 5; NodeProto.input 1,
 * name 3; TensorProto.dims 1, data_type 2, name 8, raw_data 9).
 */
final class OnnxFile {
  private static final int FLOAT = 1;

  private final Map<String, Initialiser> initialisers = new HashMap<>();
  private final Map<String, List<String>> nodeInputs = new HashMap<>();

  /** A constant of the graph: little-endian float32, row-major. */
  record Initialiser(String name, long[] extents, byte[] data) {}

  OnnxFile(byte[] file) throws IOException {
    CodedInputStream in = CodedInputStream.newInstance(file);
    eachField(in, field -> {
      if (field != 7) {
        return false;
      }
      nested(in, () -> eachField(in, part -> graphField(in, part)));
      return true;
    });
  }

  /** The initialiser with this name, or null. */
  Initialiser initialiser(String name) {
    return initialisers.get(name);
  }

  /** Names that the node reads, or null when there is no such node. */
  List<String> inputsOf(String node) {
    return nodeInputs.get(node);
  }

  private boolean graphField(CodedInputStream in, int field) throws IOException {
    switch (field) {
      case 1 -> nested(in, () -> readNode(in));
      case 5 -> nested(in, () -> readInitialiser(in));
      default -> {
        return false;
      }
    }
    return true;
  }

  private void readNode(CodedInputStream in) throws IOException {
    List<String> inputs = new ArrayList<>();
    String[] name = {""};
    eachField(in, field -> {
      switch (field) {
        case 1 -> inputs.add(in.readString());
        case 3 -> name[0] = in.readString();
        default -> {
          return false;
        }
      }
      return true;
    });
    nodeInputs.put(name[0], inputs);
  }

  private void readInitialiser(CodedInputStream in) throws IOException {
    List<Long> dims = new ArrayList<>();
    int[] type = {0};
    String[] name = {""};
    byte[][] raw = {new byte[0]};
    eachField(in, field -> {
      switch (field) {
        case 1 -> dims.add(in.readInt64());
        case 2 -> type[0] = in.readInt32();
        case 8 -> name[0] = in.readString();
        case 9 -> raw[0] = in.readByteArray();
        default -> {
          return false;
        }
      }
      return true;
    });
    if (type[0] == FLOAT) {
      initialisers.put(name[0], new Initialiser(name[0], dims.stream().mapToLong(Long::longValue).toArray(), raw[0]));
    }
  }

  /** Reads a field's value; answers false for one that it left untouched. */
  private interface FieldReader {
    boolean read(int field) throws IOException;
  }

  private interface Body {
    void read() throws IOException;
  }

  private static void eachField(CodedInputStream in, FieldReader reader) throws IOException {
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      if (!reader.read(WireFormat.getTagFieldNumber(tag))) {
        in.skipField(tag);
      }
    }
  }

  private static void nested(CodedInputStream in, Body body) throws IOException {
    int outer = in.pushLimit(in.readRawVarint32());
    body.read();
    in.popLimit(outer);
  }
}
