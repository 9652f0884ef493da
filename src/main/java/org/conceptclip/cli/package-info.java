/** The command line: options, messages, exit codes. Backends come in through {@link org.conceptclip.backend.Backends}. */
package org.conceptclip.cli;
