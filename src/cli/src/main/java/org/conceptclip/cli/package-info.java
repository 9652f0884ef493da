/** The command line: options, messages, exit codes. Backends are found through {@link org.conceptclip.backend.Backends}. */
package org.conceptclip.cli;
