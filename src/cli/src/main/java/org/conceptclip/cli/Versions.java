package org.conceptclip.cli;

import picocli.CommandLine.IVersionProvider;

/** This build's version, from the jar's manifest. */
final class Versions implements IVersionProvider {
  /** The version; {@code unpackaged classes} if the program does not run from its jar. */
  static String ours() {
    String version = Versions.class.getPackage().getImplementationVersion();
    return version == null ? "unpackaged classes" : version;
  }

  @Override
  public String[] getVersion() {
    return new String[] {"conceptclip " + ours()};
  }
}
