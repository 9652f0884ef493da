package org.conceptclip.cli;

import picocli.CommandLine.IVersionProvider;

/** This build's version, from the jar's manifest. */
final class Versions implements IVersionProvider {
  /** Version, or what runs instead of a packaged jar. */
  static String ours() {
    String version = Versions.class.getPackage().getImplementationVersion();
    return version == null ? "unpackaged classes" : version;
  }

  @Override
  public String[] getVersion() {
    return new String[] {"conceptclip " + ours()};
  }
}
